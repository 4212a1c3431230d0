using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Asks whether somebody uses an address before it is offered (RFC 2131 2.2): by ARP on the local link, by ICMP echo behind a relay. Each
/// question waits by itself; nobody else's answer is held up by it. Needs CAP_NET_RAW.
/// </summary>
internal sealed partial class ConflictProbe(AgentConfig config, TimeProvider clock, ILogger<ConflictProbe> log) : BackgroundService
{
    // One frame may be lost; a link that loses two in a row has other troubles.
    private const int Questions = 2;

    private readonly ConcurrentDictionary<uint, Question> open = new();
    private readonly ArpClaims claims = new(); // The ARP loop's alone.
    private readonly ushort identifier = (ushort)Environment.ProcessId;
    private Socket? arp;
    private Socket? echo;
    private EndPoint? everybody;
    private int count;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (config.DhcpMode == DhcpMode.Server && config.Interface != "" && config.ConflictProbe != ConflictProbing.Off)
            OpenLink();
        if (config.DhcpMode == DhcpMode.Server && config.ConflictProbe == ConflictProbing.Everywhere)
            OpenEcho();
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Whether an offer to this client waits for a question.</summary>
    public bool IsFor(DhcpRequest request) => (request.RelayAddress == 0 ? arp : echo) is not null;

    /// <summary>Who uses the address, in words; null when nobody said so in time.</summary>
    public async Task<string?> FindUserAsync(uint address, DhcpRequest request, CancellationToken cancellation)
    {
        var question = open[address] = new(request.Mac);
        try
        {
            for (var asked = 0; asked < Questions && !question.Heard.Task.IsCompleted; asked++)
            {
                Ask(address, request);
                await Task.WhenAny(question.Heard.Task, Task.Delay(config.ConflictProbeTime / Questions, clock, cancellation));
            }
            cancellation.ThrowIfCancellationRequested();
            return question.Heard.Task.IsCompleted ? await question.Heard.Task : null;
        }
        finally
        {
            open.TryRemove(KeyValuePair.Create(address, question));
        }
    }

    public override void Dispose()
    {
        arp?.Dispose();
        echo?.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(ListenAsync(arp, TakeArp, stoppingToken), ListenAsync(echo, TakeEcho, stoppingToken));

    private void OpenLink()
    {
        var index = LinkEndPoint.IndexOf(config.Interface);
        everybody = new LinkEndPoint(LinkEndPoint.Arp, index, MacAddress.Broadcast);
        arp = new(AddressFamily.Packet, SocketType.Dgram, 0);
        arp.Bind(new LinkEndPoint(LinkEndPoint.Arp, index));
    }

    private void OpenEcho()
    {
        echo = new(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp);
        Link.Restrict(echo, config.Interface);
    }

    // What cannot be asked for is offered as if nobody had asked: the client looks itself, and declines.
    private void Ask(uint address, DhcpRequest request)
    {
        Span<byte> packet = stackalloc byte[ArpPacket.Length];
        try
        {
            if (request.RelayAddress == 0)
            {
                // Read anew: a bridge may take the address of a port that joins it, a bond that of the card that takes over.
                ArpPacket.WriteProbe(packet, LinkEndPoint.CardOf(config.Interface), address);
                arp!.SendTo(packet, everybody!);
                return;
            }
            EchoPacket.WriteQuestion(packet, identifier, (ushort)Interlocked.Increment(ref count));
            echo!.SendTo(packet[..EchoPacket.Length], new IPEndPoint(Ipv4.ToAddress(address), 0));
        }
        catch (Exception failure) when (failure is SocketException or InvalidOperationException)
        {
            LogUnasked(Ipv4.ToAddress(address).ToString(), failure.Message);
        }
    }

    private async Task ListenAsync(Socket? socket, Action<ReadOnlySpan<byte>> take, CancellationToken stopping)
    {
        var buffer = new byte[2048];
        while (socket is not null && !stopping.IsCancellationRequested)
        {
            try
            {
                take(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, stopping)));
            }
            catch (Exception stopped) when (IsStopped(stopped))
            {
                return;
            }
            catch (SocketException failure)
            {
                // A link that went down and comes back.
                LogUnheard(failure.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(200), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // A start that failed disposes of the socket while it is read from.
    private static bool IsStopped(Exception failure) =>
        failure is OperationCanceledException or SocketException { SocketErrorCode: SocketError.OperationAborted };

    // The client itself may still use it: its system does until the moment at which its firmware asks.
    private void TakeArp(ReadOnlySpan<byte> packet)
    {
        if (ArpPacket.TryReadSender(packet, out var card, out var address) && open.TryGetValue(address, out var question)
            && card != question.Client && IsBelieved(card, address))
            question.Heard.TrySetResult($"the network card {card}");
    }

    private bool IsBelieved(MacAddress card, uint address)
    {
        var believed = claims.IsBelieved(card, address, out var isLast);
        if (isLast)
            LogAnswersForAll(card.ToString());
        return believed;
    }

    private void TakeEcho(ReadOnlySpan<byte> datagram)
    {
        if (EchoPacket.TryReadAnswer(datagram, identifier, out var address) && open.TryGetValue(address, out var question))
            question.Heard.TrySetResult("a host that answers ping");
    }

    private sealed record Question(MacAddress Client)
    {
        public TaskCompletionSource<string> Heard { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(LogLevel.Warning, "DHCP: {Card} answers for ever more addresses, like a router with proxy ARP; it is believed no more")]
    private partial void LogAnswersForAll(string card);

    [LoggerMessage(LogLevel.Debug, "DHCP: nobody could be asked whether {Address} is in use: {Error}")]
    private partial void LogUnasked(string address, string error);

    [LoggerMessage(LogLevel.Warning, "DHCP: answers to conflict probes cannot be received: {Error}")]
    private partial void LogUnheard(string error);
}
