using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Ends iPXE's wait for an IPv6 router. The loaders of Debian's package ask for an address by IPv4 and for a router by IPv6, and go on when
/// both have ended: where no router answers that takes 16 seconds of each boot (netboot.md 14.4). A machine that boots here and asks is
/// told that there is none, it alone; where a real router speaks, we are silent. Needs CAP_NET_RAW.
/// </summary>
internal sealed partial class RouterAnswers(
    AgentConfig config, BootSessions sessions, TimeProvider clock, ILogger<RouterAnswers> log) : BackgroundService
{
    // From the loader's first packet to its question it is seconds; a system that was booted asks a real router, if at all.
    private static readonly TimeSpan BootTime = TimeSpan.FromMinutes(5);

    // A receiver believes neighbours alone, by this number (RFC 4861 6.1.2).
    private const int HopLimit = 255;

    // ICMP6_FILTER of Linux: a bit for each type that is kept away.
    private const int FilterOption = 1;

    private static readonly IPAddress AllNodes = IPAddress.Parse("ff02::1");
    private static readonly IPAddress AllRouters = IPAddress.Parse("ff02::2");

    private readonly byte[] answer = RouterDiscovery.NoRouterHere();
    private DateTimeOffset routerUntil;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Whoever advertises says more than this, and the opposite.
        if (config.Interface == "" || !config.EndsIpv6Wait || config.Dhcp6 is { Advertises: true } || config.DhcpMode == DhcpMode.Off || Open() is not { } socket)
            return;
        using (socket)
            await AnswerAllAsync(socket, stoppingToken);
    }

    private async Task AnswerAllAsync(Socket socket, CancellationToken stopping)
    {
        var buffer = new byte[1500];
        var anybody = new IPEndPoint(IPAddress.IPv6Any, 0);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, anybody, stopping);
                Handle(socket, buffer.AsSpan(0, received.ReceivedBytes), (IPEndPoint)received.RemoteEndPoint);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException failure)
            {
                // IPv6 is off on the link, or its address is not settled yet: the machine waits as it would without us.
                LogUnsent(config.Interface, failure.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(200), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Handle(Socket socket, ReadOnlySpan<byte> message, IPEndPoint sender)
    {
        var now = clock.GetUtcNow();
        if (RouterDiscovery.RouterLifetime(message) is { Ticks: > 0 } lifetime)
            routerUntil = now + lifetime;
        if (routerUntil > now || !RouterDiscovery.TryReadSolicitation(message, out var card))
            return;
        if (sessions.Find(card) is not { } session || now - session.Seen > BootTime)
            return;
        // Who has no address yet hears what is said to all.
        var to = sender.Address.IsIPv6LinkLocal ? sender : new IPEndPoint(AllNodes, 0);
        socket.SendTo(answer, to);
        if (!session.ToldOfNoRouter)
            LogAnswered(session.Id, card.ToString());
        session.ToldOfNoRouter = true;
    }

    // Without IPv6 in this host's kernel, or without the right, machines wait longer; that is no reason not to boot them.
    private Socket? Open()
    {
        try
        {
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
            socket.SetRawSocketOption(1, 25, Encoding.ASCII.GetBytes(config.Interface + "\0")); // SO_BINDTODEVICE
            byte[] filter = Filter(RouterDiscovery.Solicitation, RouterDiscovery.Advertisement);
            socket.SetRawSocketOption((int)ProtocolType.IcmpV6, FilterOption, filter);
            var routers = new IPv6MulticastOption(AllRouters, LinkEndPoint.IndexOf(config.Interface));
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, routers);
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, HopLimit);
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.IpTimeToLive, HopLimit);
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
            return socket;
        }
        catch (SocketException failure)
        {
            LogUnheard(config.Interface, failure.Message);
            return null;
        }
    }

    private static byte[] Filter(params ReadOnlySpan<byte> wanted)
    {
        var blocked = new byte[32];
        blocked.AsSpan().Fill(0xff);
        foreach (var type in wanted)
            blocked[type / 8] &= (byte)~(1 << (type % 8));
        return blocked;
    }

    [LoggerMessage(LogLevel.Information, "boot {Session} of {Mac}: told that there is no IPv6 router")]
    private partial void LogAnswered(string session, string mac);

    [LoggerMessage(LogLevel.Debug, "IPv6 on {Interface}: a machine was not told that there is no router: {Error}")]
    private partial void LogUnsent(string @interface, string error);

    [LoggerMessage(LogLevel.Warning, "IPv6 on {Interface} cannot be heard, machines wait 16 seconds for a router each: {Error}")]
    private partial void LogUnheard(string @interface, string error);
}
