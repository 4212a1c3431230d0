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
    private readonly DhcpServer server = new(leases, config.Authoritative);
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
        if (config.Interface != "")
            link = new(config.Interface, config.Address);
        Port = Listen(config.DhcpPort, bootService: false);
        // Firmware behind a server that sends option 60 asks here, whatever we offered (netboot.md 8).
        Listen(config.BootServicePort, bootService: true);
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
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
        }
        else
        {
            socket.Bind(new IPEndPoint(config.Address, port));
        }
        listeners.Add((socket, Task.Factory.StartNew(
            () => Receive(socket, bootService), stopping.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private void Receive(Socket socket, bool bootService)
    {
        var buffer = new byte[4096];
        while (!stopping.IsCancellationRequested)
        {
            EndPoint source = new IPEndPoint(IPAddress.Any, 0);
            try
            {
                var count = socket.ReceiveFrom(buffer, ref source);
                Handle(socket, buffer.AsSpan(0, count), (IPEndPoint)source, bootService);
            }
            catch (SocketException failure)
            {
                // An ICMP error of an earlier reply, a link that went down: the next packet is another matter. When the socket
                // itself is the trouble, the pause keeps the loop from eating the processor.
                if (!stopping.Token.WaitHandle.WaitOne(failure.SocketErrorCode == SocketError.ConnectionRefused ? 0 : 100))
                    LogSocketError(failure.Message);
            }
            catch (ObjectDisposedException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            // Nothing that a packet holds may stop the loop: the others behind it want to boot.
            catch (Exception failure)
            {
                refused.Count("dhcp/failed");
                LogPacketError(failure, source.ToString() ?? "");
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

        var (session, plan) = Plan(request);
        var boot = session is null ? null : Boot(request, session);
        var answer = Decide(request, boot, plan?.HostName ?? "", bootService);
        if (answer.Reason != "")
            refused.Count("dhcp/" + answer.Reason);
        if (answer.Reply is not null || answer.Store is not null)
            _ = FinishAsync(socket, request, answer, session, source, bootService);
    }

    private (BootSession? Session, BootPlan? Plan) Plan(DhcpRequest request)
    {
        var plan = BootDecision.For(desired.Current, request.Mac, request.Uuid);
        var boots = request is { WantsBoot: true, Firmware: not ClientFirmware.None };
        return (boots ? sessions.For(request, plan.Traceparent) : null, plan);
    }

    private DhcpAnswer Decide(DhcpRequest request, BootReply? boot, string hostName, bool bootService)
    {
        lock (gate)
        {
            if (bootService || config.DhcpMode == DhcpMode.Proxy)
                return ProxyDhcp.Answer(request, boot, Ipv4.ToNumber(config.Address), bootService);
            return server.Answer(request, boot, hostName, clock.GetUtcNow());
        }
    }

    // First lap: iPXE itself. Second lap: the script, which goes on over HTTP.
    private BootReply? Boot(DhcpRequest request, BootSession session)
    {
        var loader = request.Firmware switch
        {
            ClientFirmware.Bios => config.BiosLoader,
            ClientFirmware.UefiX64 => config.UefiLoader,
            _ => null,
        };
        if (loader is null && !request.IsIpxe)
        {
            refused.Count("dhcp/no-loader-for-architecture");
            return null;
        }
        var file = request switch
        {
            { IsIpxe: true } => $"{reporter.BootUrl}boot/{session.Id}/script.ipxe",
            { BootClass: "HTTPClient" } => $"{reporter.BootUrl}boot/{session.Id}/{loader}",
            _ => $"b/{session.Id}/{loader}",
        };
        return new(Ipv4.ToNumber(config.Address), file);
    }

    private async Task FinishAsync(
        Socket socket, DhcpRequest request, DhcpAnswer answer, BootSession? session, IPEndPoint source, bool bootService)
    {
        try
        {
            // Store first, answer after: an acknowledged lease survives a power cut.
            if (answer.Store is { } lease)
                await store!.AppendAsync(lease);
            if (answer.Reply is not { } reply)
                return;
            Send(socket, request, reply, source, bootService);
            if (reply.MessageType == DhcpMessageType.Ack && reply.YourAddress != 0)
                sessions.SetAddress(request.Mac, Ipv4.ToAddress(reply.YourAddress));
            if (session is not null && reply.MessageType is DhcpMessageType.Offer or DhcpMessageType.Ack)
                reporter.DhcpAnswered(session, request, reply);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            // Without its lease on disk an ACK must not leave; the client asks again.
            refused.Count(failure is IOException ? "dhcp/not-stored" : "dhcp/not-sent");
            LogSendError(request.Mac.ToString(), failure.Message);
        }
    }

    private void Send(Socket socket, DhcpRequest request, DhcpReply reply, IPEndPoint source, bool bootService)
    {
        var buffer = new byte[1500];
        var length = reply.Write(request, buffer);
        var payload = buffer.AsSpan(0, length);
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

    [LoggerMessage(LogLevel.Warning, "DHCP: receiving failed: {Error}")]
    private partial void LogSocketError(string error);

    [LoggerMessage(LogLevel.Error, "DHCP: a packet from {Source} could not be handled")]
    private partial void LogPacketError(Exception failure, string source);

    [LoggerMessage(LogLevel.Warning, "DHCP: the answer to {Mac} could not be sent: {Error}")]
    private partial void LogSendError(string mac, string error);
}
