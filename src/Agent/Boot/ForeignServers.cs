using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Looks for other DHCP servers on the machines' network: asks as a machine that boots would, every five minutes, and listens to what is
/// answered to the machines themselves. Beside a server that gives the addresses only what hinders network boots counts.
/// Needs CAP_NET_RAW.
/// </summary>
internal sealed partial class ForeignServers(
    AgentConfig config, Dhcp6Service dhcp6, TimeProvider clock, ILogger<ForeignServers> log) : BackgroundService
{
    // Strangers who make up servers fill no more memory than this.
    private const int Most = 32;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    // IPv6 has no address yet when a link comes up.
    private static readonly TimeSpan PauseWithoutLink = TimeSpan.FromSeconds(2);

    // Three questions without an answer: it is gone.
    private static readonly TimeSpan Memory = 3.5 * Interval;

    private readonly ConcurrentDictionary<(IPAddress, MacAddress), ForeignServer> heard = new();

    private bool Searches4 => config.Interface != "" && config.DhcpGuard && config.DhcpMode != DhcpMode.Off;

    private bool Searches6 => config.Interface != "" && config.DhcpGuard && config.Dhcp6 is not null;

    /// <summary>Whether anybody looks.</summary>
    public bool IsOn => Searches4 || Searches6;

    /// <summary>Those that were heard of lately, in the order of their addresses.</summary>
    public IReadOnlyList<ForeignServer> Present
    {
        get
        {
            var since = clock.GetUtcNow() - Memory;
            return [.. heard.Values.Where(s => s.Seen >= since).OrderBy(s => s.Address.AddressFamily)
                .ThenBy(s => Convert.ToHexString(s.Address.GetAddressBytes()), StringComparer.Ordinal)];
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Searches4 ? SearchAsync(new ServerSearch4(config), stoppingToken) : Task.CompletedTask,
        Searches6 ? SearchAsync(new ServerSearch6(config.Interface, dhcp6.ServerId), stoppingToken) : Task.CompletedTask);

    private async Task SearchAsync(IServerSearch search, CancellationToken stopping)
    {
        using (search)
        using (var socket = Listen(search))
            await Task.WhenAll(HearAsync(search, socket, stopping), AskAsync(search, stopping));
    }

    private async Task AskAsync(IServerSearch search, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var pause = Interval;
            try
            {
                search.Ask();
            }
            catch (SocketException failure)
            {
                LogUnasked(config.Interface, failure.Message);
                pause = PauseWithoutLink;
            }
            await Task.Delay(pause, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HearAsync(IServerSearch search, Socket socket, CancellationToken stopping)
    {
        var buffer = new byte[2048];
        var sender = new SocketAddress(AddressFamily.Packet, 128);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                sender.Size = 128; // Each call shrinks it to what it wrote (dotnet-facts.md 9).
                var count = await socket.ReceiveFromAsync(buffer, SocketFlags.None, sender, stopping);
                if (LinkEndPoint.SenderOf(sender) is { } card && search.Judge(buffer.AsSpan(0, count)) is var (address, complaint))
                    Remember(address, card, complaint);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException failure)
            {
                LogUnheard(config.Interface, failure.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Remember(IPAddress address, MacAddress card, string complaint)
    {
        var now = clock.GetUtcNow();
        var known = heard.GetValueOrDefault((address, card));
        if (known is null && heard.Count >= Most)
        {
            if (heard.MinBy(s => s.Value.Seen) is var oldest)
                heard.TryRemove(oldest);
        }
        var isNews = known is null || known.Complaint != complaint || now - known.Seen > Memory;
        heard[(address, card)] = new(address, card, complaint, isNews ? now : known!.Since, now);
        if (isNews)
            LogFound(address.ToString(), card.ToString(), complaint);
    }

    private Socket Listen(IServerSearch search)
    {
        var socket = new Socket(AddressFamily.Packet, SocketType.Dgram, 0);
        search.Filter.Attach(socket); // Before it hears anything.
        socket.Bind(new LinkEndPoint(search.Protocol, LinkEndPoint.IndexOf(config.Interface)));
        return socket;
    }

    [LoggerMessage(LogLevel.Warning, "another DHCP server is on this network, {Address} ({Mac}): {Complaint}")]
    private partial void LogFound(string address, string mac, string complaint);

    [LoggerMessage(LogLevel.Debug, "DHCP on {Interface}: other servers cannot be asked for: {Error}")]
    private partial void LogUnasked(string @interface, string error);

    [LoggerMessage(LogLevel.Warning, "DHCP on {Interface}: other servers cannot be heard: {Error}")]
    private partial void LogUnheard(string @interface, string error);
}
