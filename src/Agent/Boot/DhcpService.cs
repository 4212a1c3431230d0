using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// The DHCP server on the wire: receives, asks the core for the answer, stores the lease, sends. A packet that is not for us is
/// counted and forgotten; nothing that a packet holds can stop the loop.
/// </summary>
internal sealed partial class DhcpService(
    AgentConfig config, LeaseTable leases, DesiredStateStore desired, BootSessions sessions, BootReporter reporter,
    RefusalCounters refused, TimeProvider clock, ILogger<DhcpService> log) : IHostedService, IAsyncDisposable
{
    // How long an address that somebody else gave is believed in: nothing tells us the lease's length.
    private static readonly TimeSpan OverheardLife = TimeSpan.FromHours(24);

    private static readonly IPEndPoint AnySender = new(IPAddress.Any, 0);

    private readonly DhcpServer server = new(leases, config.Authoritative, config.Options);
    private readonly CancellationTokenSource stopping = new();
    private readonly List<(Socket Socket, Task Loop)> listeners = [];
    private readonly Lock gate = new(); // Port 67 and 4011 share the lease table.
    private LeaseStore? store;
    private LinkSender? link;

    /// <summary>The port that is really bound; for tests that ask for any.</summary>
    public int Port { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (config.DhcpMode == DhcpMode.Off)
            return;
        store = await LeaseStore.OpenAsync(config.DataDirectory, leases, clock.GetUtcNow());
        foreach (var lease in leases.List(clock.GetUtcNow()).Where(l => !l.Declined))
            sessions.SetAddress(lease.Mac, Ipv4.ToAddress(lease.Address), lease.Expires);
        if (config.Interface != "")
            link = new(config.Interface, config.Address);
        Port = Listen(config.DhcpPort, bootService: false);
        // Firmware behind a server that sends option 60 asks here, whatever we offered (netboot.md 8).
        Listen(config.BootServicePort, bootService: true);
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
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Lease? former;
        lock (gate)
        {
            var now = clock.GetUtcNow();
            former = leases.At(address);
            if (leases.Release(address, now) is not { } ended)
                return null;
            store!.Append(ended, leases, now, failure => _ = failure is null ? stored.TrySetResult() : stored.TrySetException(failure));
        }
        await stored.Task;
        LogReleased(Ipv4.ToAddress(address).ToString(), former!.Mac.ToString());
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
        listeners.ForEach(l => l.Socket.Dispose());
        await Task.WhenAll(listeners.Select(l => l.Loop));
    }

    public async ValueTask DisposeAsync()
    {
        link?.Dispose();
        stopping.Dispose();
        if (store is not null)
            await store.DisposeAsync();
    }

    private int Listen(int port, bool bootService)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
        // A burst of machines that are switched on together must not overflow (netboot.md 23).
        socket.ReceiveBufferSize = 4 << 20;
        if (config.Interface != "")
        {
            // SO_BINDTODEVICE, before the bind: one rack's broadcasts and no others (dotnet-facts.md 9).
            socket.SetRawSocketOption(1, 25, Encoding.ASCII.GetBytes(config.Interface + "\0"));
        }
        // The other server may run on this very host: then both get every broadcast (dotnet-facts.md 9).
        if (config.DhcpMode == DhcpMode.Proxy)
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        Link.Bind(socket, new IPEndPoint(config.Interface != "" ? IPAddress.Any : config.Address, port), "DHCP");
        listeners.Add((socket, Task.Factory.StartNew(
            () => Receive(socket, bootService), stopping.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Receive(Socket socket, bool bootService)
    {
        var buffer = new byte[4096];
        var sender = new SocketAddress(AddressFamily.InterNetwork);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                // This overload is the fastest by far and allocates nothing (dotnet-facts.md 9).
                var count = socket.ReceiveFrom(buffer, SocketFlags.None, sender);
                Handle(socket, buffer.AsSpan(0, count), (IPEndPoint)AnySender.Create(sender), bootService);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                if (stopping.IsCancellationRequested)
                    return;
                // A link that went down: the next packet is another matter. The pause keeps a lasting error from filling the log.
                LogSocketError(failure.Message);
                stopping.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200));
            }
            catch (Exception failure)
            {
                // Whatever one packet did, the rack's next machine is answered.
                refused.Count("dhcp/error");
                LogPacketError(failure, AnySender.Create(sender).ToString()!);
            }
        }
    }

    private void Handle(Socket socket, ReadOnlySpan<byte> datagram, IPEndPoint source, bool bootService)
    {
        if (!DhcpPacket.TryWrap(datagram, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
        {
            refused.Count("dhcp/" + refusal);
            return;
        }
        if (request is { WantsBoot: true, Firmware: ClientFirmware.None })
            refused.Count("dhcp/unknown-architecture");

        var plan = BootDecision.For(desired.Current, request.Mac, request.Uuid);
        var session = Boots(request) ? sessions.For(request, plan.Traceparent) : null;
        var boot = session is null ? null : Boot(request, session);
        var answer = Decide(new(socket, request, source, bootService, session), boot, plan.HostName);
        if (answer.Reason != "")
        {
            refused.Count("dhcp/" + answer.Reason);
            LogSilent(request.MessageType, request.Mac.ToString(), answer.Reason);
        }
        if (config.DhcpMode == DhcpMode.Proxy)
            Overhear(request);
    }

    private static bool Boots(DhcpRequest request) => request is
    {
        WantsBoot: true, Firmware: not ClientFirmware.None,
        MessageType: DhcpMessageType.Discover or DhcpMessageType.Request or DhcpMessageType.Inform,
    };

    // What must be stored is sent by the lease log after the flush that all who wait share; everything else leaves at once.
    private DhcpAnswer Decide(Incoming incoming, BootReply? boot, string hostName)
    {
        DhcpAnswer answer;
        if (incoming.BootService || config.DhcpMode == DhcpMode.Proxy)
        {
            answer = ProxyDhcp.Answer(incoming.Request, boot, Ipv4.ToNumber(config.Address), incoming.BootService);
        }
        else
        {
            lock (gate)
            {
                var now = clock.GetUtcNow();
                answer = server.Answer(incoming.Request, boot, hostName, now);
                // Handed over inside the lock: the file has the leases in the order in which they were given.
                if (answer.Store is { } lease)
                    store!.Append(lease, leases, now, failure => Settle(incoming, answer.Reply, failure));
            }
        }
        if (answer is { Store: null, Reply: { } reply })
            Finish(incoming, reply);
        return answer;
    }

    // The other server gives the addresses, but every client says aloud which one it takes (RFC 2131 3.1, step 3).
    private void Overhear(DhcpRequest request)
    {
        if (request is { MessageType: DhcpMessageType.Request, RequestedAddress: not 0 })
            sessions.SetAddress(request.Mac, Ipv4.ToAddress(request.RequestedAddress), clock.GetUtcNow() + OverheardLife);
    }

    // First lap: iPXE itself. Second lap: the script, which goes on over HTTP.
    private BootReply? Boot(DhcpRequest request, BootSession session)
    {
        var loader = request.Firmware switch
        {
            ClientFirmware.Bios => config.BiosLoader,
            ClientFirmware.UefiX64 => config.UefiLoader,
            // There is no arm64 loader in Debian's package: the operator names one, or there is none.
            ClientFirmware.UefiArm64 when config.Arm64Loader != "" => config.Arm64Loader,
            _ => null,
        };
        var takesScript = request is { IsIpxe: true, LacksHttp: false };
        if (loader is null && !takesScript)
        {
            refused.Count("dhcp/no-loader-for-architecture");
            return null;
        }
        var file = request switch
        {
            _ when takesScript => $"{reporter.BootUrl}boot/{session.Id}/script.ipxe",
            { LoadsUrl: true } => $"{reporter.BootUrl}boot/{session.Id}/{loader}",
            _ => $"b/{session.Id}/{loader}",
        };
        return new(Ipv4.ToNumber(config.Address), file);
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
            Send(incoming, reply);
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

    private void Send(Incoming incoming, DhcpReply reply)
    {
        var (socket, request, source, bootService, _) = incoming;
        Span<byte> buffer = stackalloc byte[1500];
        var payload = buffer[..reply.Write(request, buffer)];
        switch (ReplyDestination.Choose(request, reply, source, bootService))
        {
            case ReplyDestination.Unicast unicast:
                socket.SendTo(payload, unicast.EndPoint);
                break;
            case ReplyDestination.Link to when link is not null:
                link.Send(payload, Port, to.Mac, to.EndPoint);
                break;
            default:
                socket.SendTo(payload, new IPEndPoint(IPAddress.Broadcast, 68));
                break;
        }
    }

    private sealed record Incoming(Socket Socket, DhcpRequest Request, IPEndPoint Source, bool BootService, BootSession? Session);
}
