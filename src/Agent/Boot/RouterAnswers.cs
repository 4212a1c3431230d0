using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp.V6;

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
        var to = sender.Address.IsIPv6LinkLocal ? sender : RouterSocket.AllNodes;
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
            return RouterSocket.Open(config.Interface);
        }
        catch (SocketException failure)
        {
            LogUnheard(config.Interface, failure.Message);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "boot {Session} of {Mac}: told that there is no IPv6 router")]
    private partial void LogAnswered(string session, string mac);

    [LoggerMessage(LogLevel.Debug, "IPv6 on {Interface}: a machine was not told that there is no router: {Error}")]
    private partial void LogUnsent(string @interface, string error);

    [LoggerMessage(LogLevel.Warning, "IPv6 on {Interface} cannot be heard, machines wait 16 seconds for a router each: {Error}")]
    private partial void LogUnheard(string @interface, string error);
}
