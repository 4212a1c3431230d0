using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// The DHCP server on the wire: receives, asks the core for the answer, stores the lease, sends. A packet that is not for us is
/// counted and forgotten; nothing that a packet holds can stop the loop.
/// </summary>
internal sealed partial class DhcpService(
    AgentConfig config, LeaseTable leases, DesiredStateStore desired, BootSessions sessions, BootReporter reporter, ConflictProbe probe,
    RefusalCounters refused, TimeProvider clock, ILogger<DhcpService> log) : IHostedService, IAsyncDisposable
{
    // So many addresses in use one after the other, and the client is left to ask again.
    private const int MostConflicts = 8;

    // How long an address that somebody else gave is believed in: nothing tells us the lease's length.
    private static readonly TimeSpan OverheardLife = TimeSpan.FromHours(24);

    private readonly DhcpServer server = new(leases, config.Authoritative, config.Options);
    private readonly CancellationTokenSource stopping = new();
    private readonly List<DhcpListener> listeners = [];
    private readonly Lock gate = new(); // Port 67 and 4011 share the lease table.
    private readonly HashSet<uint> asking = []; // Under the gate: addresses whose offer waits until nobody says that they are in use.
    private readonly BootOffers offers = new(config, reporter, refused);
    private DhcpSender? sender;
    private MacAddress? ourCard;
    private LeaseStore<Lease>? store;

    /// <summary>The port that is really bound; for tests that ask for any.</summary>
    public int Port { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (config.DhcpMode == DhcpMode.Off)
            return;
        store = await LeaseStore<Lease>.OpenAsync(config.DataDirectory, LeaseFormats.V4, leases, clock.GetUtcNow());
        foreach (var lease in leases.List(clock.GetUtcNow()).Where(l => !l.Declined))
            sessions.SetAddress(lease.Mac, Ipv4.ToAddress(lease.Address), lease.Expires);
        sender = new(config);
        if (config.Interface != "")
            ourCard = LinkEndPoint.CardOf(config.Interface);
        Port = Bind(config.DhcpPort, bootService: false);
        // Firmware behind a server that sends option 60 asks here, whatever we offered (netboot.md 8).
        Bind(config.BootServicePort, bootService: true);
        listeners.ForEach(listener => listener.Start());

        int Bind(int port, bool bootService)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
            // The other server may run on this very host: then both get every broadcast (dotnet-facts.md 9).
            if (config.DhcpMode == DhcpMode.Proxy)
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            var where = new DhcpPort(socket, new(config.Interface != "" ? IPAddress.Any : config.Address, port), config.Interface, "DHCP", "dhcp");
            var listener = new DhcpListener(where, Take, refused, log);
            listeners.Add(listener);
            return listener.Port;

            void Take(Socket from, ReadOnlySpan<byte> datagram, IPEndPoint source) => Handle(from, datagram, source, bootService);
        }
    }

    /// <summary>How many addresses are in machines' hands.</summary>
    public int LeaseCount
    {
        get
        {
            lock (gate)
                return leases.LiveCount(clock.GetUtcNow());
        }
    }

    /// <summary>At most so many leases and quarantines, in the order of their addresses, with the names that the machines are told.</summary>
    /// <param name="after">0 for the first ones.</param>
    public IReadOnlyList<(Lease Lease, string HostName)> LeasesAfter(uint after, int limit)
    {
        IReadOnlyList<Lease> all;
        lock (gate)
            all = leases.List(clock.GetUtcNow());
        return [.. all.Where(l => l.Address > after).Take(limit).Select(Named)];
    }

    /// <summary>Ends a lease or a quarantine by an operator's word. Comes back when that is on disk, with what it was; null when there is none.</summary>
    public async Task<(Lease Lease, string HostName)?> ReleaseAsync(uint address)
    {
        Lease former;
        Task stored;
        lock (gate)
        {
            var now = clock.GetUtcNow();
            if (leases.At(address) is not { } held || leases.Release(address, now) is not { } ended)
                return null;
            (former, stored) = (held, store!.AppendAsync([ended], now));
        }
        await stored;
        LogReleased(Ipv4.ToAddress(address).ToString(), former.Mac.ToString());
        return Named(former);
    }

    private (Lease Lease, string HostName) Named(Lease lease)
    {
        var given = BootDecision.For(desired.Current, lease.Mac, null).HostName;
        return (lease, given != "" ? given : config.Reservations.FirstOrDefault(r => r.Address == lease.Address)?.HostName ?? "");
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        foreach (var listener in listeners)
            await listener.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        sender?.Dispose();
        stopping.Dispose();
        if (store is not null)
            await store.DisposeAsync();
    }

    private void Handle(Socket socket, ReadOnlySpan<byte> datagram, IPEndPoint source, bool bootService)
    {
        if (!DhcpPacket.TryWrap(datagram, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
        {
            refused.Count("dhcp/" + refusal);
            return;
        }
        // Our own question for other servers, which a relay brought back (ForeignServers).
        if (request.Mac == ourCard)
            return;
        if (request is { WantsBoot: true, Firmware: ClientFirmware.None })
            refused.Count("dhcp/unknown-architecture");

        var plan = BootDecision.For(desired.Current, request.Mac, request.Uuid);
        var session = Boots(request) ? sessions.For(request, plan.Traceparent) : null;
        var boot = session is null ? null : offers.For(request, session);
        Answer(new(socket, request, source, bootService, session), new(boot, plan.HostName));
        if (config.DhcpMode == DhcpMode.Proxy)
            Overhear(request);
    }

    private static bool Boots(DhcpRequest request) => request is
    {
        WantsBoot: true, Firmware: not ClientFirmware.None,
        MessageType: DhcpMessageType.Discover or DhcpMessageType.Request or DhcpMessageType.Inform,
    };

    // What must be stored is sent by the lease log after the flush that all who wait share; everything else leaves at once.
    private void Answer(Incoming incoming, Telling telling)
    {
        var answer = Decide(incoming, telling);
        if (answer.Reason != "")
        {
            refused.Count("dhcp/" + answer.Reason);
            LogSilent(incoming.Request.MessageType, incoming.Request.Mac.ToString(), answer.Reason);
        }
        if (answer is { IsFresh: true, Reply: { } offer })
            _ = AskThenOfferAsync(incoming, telling, offer);
        else if (answer is { Store: null, Reply: { } reply })
            Finish(incoming, reply);
    }

    private DhcpAnswer Decide(Incoming incoming, Telling telling)
    {
        var request = incoming.Request;
        if (incoming.BootService || config.DhcpMode == DhcpMode.Proxy)
            return ProxyDhcp.Answer(request, telling.Boot, Ipv4.ToNumber(config.Address), incoming.BootService);
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var answer = server.Answer(request, telling.Boot, telling.HostName, now);
            // Handed over inside the lock: the file has the leases in the order in which they were given.
            if (answer.Store is { } lease)
                store!.Append([lease], now, failure => Settle(incoming, answer.Reply, failure));
            if (answer.Reply is not { MessageType: DhcpMessageType.Offer } offer || !probe.IsFor(request))
                return answer with { IsFresh = false };
            // The client repeats itself while we ask: its answer is on the way.
            return asking.Contains(offer.YourAddress) ? DhcpAnswer.Silence("address-is-asked-for")
                : answer with { IsFresh = answer.IsFresh && asking.Add(offer.YourAddress) };
        }
    }

    // This client waits, and nobody else: the address is held for it meanwhile (RFC 2131 2.2).
    private async Task AskThenOfferAsync(Incoming incoming, Telling telling, DhcpReply offer)
    {
        try
        {
            if (await IsFreeAsync(offer.YourAddress, incoming.Request))
                Finish(incoming, offer);
            else if (telling.Conflicts < MostConflicts)
                Answer(incoming, telling with { Conflicts = telling.Conflicts + 1 });
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The agent ends; the client asks its next run.
        }
        catch (Exception failure)
        {
            refused.Count("dhcp/error");
            LogPacketError(failure, incoming.Source.ToString());
        }
    }

    private async Task<bool> IsFreeAsync(uint address, DhcpRequest request)
    {
        try
        {
            if (await probe.FindUserAsync(address, request, stopping.Token) is not { } user)
                return true;
            LetRest(address, request.Mac, user);
            return false;
        }
        finally
        {
            lock (gate)
                asking.Remove(address);
        }
    }

    // As after a DECLINE: nobody gets the address until the rest is over.
    private void LetRest(uint address, MacAddress mac, string user)
    {
        refused.Count("dhcp/conflict");
        LogConflict(Ipv4.ToAddress(address).ToString(), user);
        lock (gate)
        {
            // Unless the client took it without waiting for our word; then it is its business to look (RFC 2131 4.4.1).
            if (leases.At(address) is not { Offered: true })
                return;
            var now = clock.GetUtcNow();
            var rest = LeaseTable.Decline(address, mac, now);
            leases.Restore(rest);
            store!.Append([rest], now, failure =>
            {
                if (failure is not null)
                    LogStoreError(mac.ToString(), failure.Message);
            });
        }
    }

    // The other server gives the addresses, but every client says aloud which one it takes (RFC 2131 3.1, step 3).
    private void Overhear(DhcpRequest request)
    {
        if (request is { MessageType: DhcpMessageType.Request, RequestedAddress: not 0 })
            sessions.SetAddress(request.Mac, Ipv4.ToAddress(request.RequestedAddress), clock.GetUtcNow() + OverheardLife);
    }

    // Store first, answer after: an acknowledged lease survives a power cut.
    private void Settle(Incoming incoming, DhcpReply? reply, IOException? failure)
    {
        if (failure is not null)
        {
            refused.Count("dhcp/lease-not-stored");
            LogStoreError(incoming.Request.Mac.ToString(), failure.Message);
        }
        else if (reply is not null)
        {
            Finish(incoming, reply);
        }
    }

    private void Finish(Incoming incoming, DhcpReply reply)
    {
        var (_, request, _, _, session) = incoming;
        try
        {
            sender!.Send(incoming, reply, Port);
        }
        catch (Exception failure)
        {
            // One answer that could not be sent keeps no other from leaving.
            refused.Count("dhcp/send-failed");
            LogSendError(request.Mac.ToString(), failure.Message);
            return;
        }
        if (reply.MessageType == DhcpMessageType.Ack && reply is { YourAddress: not 0, Network: { } network })
            sessions.SetAddress(request.Mac, Ipv4.ToAddress(reply.YourAddress), clock.GetUtcNow() + network.LeaseTime);
        if (session is not null && reply.MessageType is DhcpMessageType.Offer or DhcpMessageType.Ack)
            reporter.DhcpAnswered(session, request, reply);
    }

    /// <summary>What the client is told beside its address.</summary>
    /// <param name="Conflicts">Addresses that were to be its and turned out to be in use.</param>
    private sealed record Telling(BootReply? Boot, string HostName, int Conflicts = 0);
}
