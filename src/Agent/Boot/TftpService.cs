using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// The TFTP server: one thread that waits for all its sockets, one for requests and one for each transfer, as RFC 1350 has it; or a single
/// one, where a firewall or a NAT lets nothing else through. The rules are in <see cref="TftpTransfer"/>.
/// </summary>
internal sealed partial class TftpService(
    AgentConfig config, BootSessions sessions, BootAnswers answers, BootReporter reporter, RefusalCounters refused, TimeProvider clock,
    ILogger<TftpService> log) : IHostedService, IDisposable
{
    private const int UdpAndTftp = 8 + 4; // A fragment is lost by many ROMs (netboot.md 13.2).

    // Of an answer in flight for each of the transfers of a single port.
    private const int ReceiveBuffer = 4 << 20;

    // Blocks on their way at once, of all transfers together: each gets the same share, however large a window its client wishes. What EDK2
    // wishes it gets in any crowd.
    private const int BlocksInFlight = 256;
    private const int SmallestShare = 4;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly Dictionary<SocketAddress, TftpConversation> running = []; // The loop's alone.
    private readonly Dictionary<Socket, TftpConversation> bySocket = [];
    private readonly List<Socket> readable = [];
    private readonly byte[] buffer = new byte[2048];
    private SocketAddress sender = new(AddressFamily.InterNetwork);
    private readonly CancellationTokenSource stopping = new();
    private Socket? listener;
    private Task loop = Task.CompletedTask;
    private int blockLimit = 1468;

    public int Port { get; private set; }

    /// <summary>Where machines reach it: each version of IP has a server of its own.</summary>
    public IPAddress Address { get; init; } = config.Address;

    public static IPEndPoint EndPointOf(SocketAddress address) =>
        (IPEndPoint)new IPEndPoint(address.Family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Create(address);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Bound to the provisioning address alone: replies come from the address that was asked, and nobody else is served.
        listener = NewSocket();
        sender = new(Address.AddressFamily);
        listener.ReceiveBufferSize = ReceiveBuffer;
        Link.Bind(listener, new IPEndPoint(Address, config.TftpPort), "TFTP");
        blockLimit = Link.MtuOf(Address) - (Address.AddressFamily == AddressFamily.InterNetworkV6 ? 40 : 20) - UdpAndTftp;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        loop = Task.Factory.StartNew(() => Run(listener), stopping.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        // The loop waits for packets; here is one.
        if (listener is not null)
            TrySend(listener, [], ((IPEndPoint)listener.LocalEndPoint!).Serialize());
        await loop;
    }

    public void Dispose()
    {
        foreach (var conversation in running.Values.ToArray())
            Forget(conversation);
        listener?.Dispose();
        stopping.Dispose();
    }

    private Socket NewSocket() => new(Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);

    private void Run(Socket listening)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Turn(listening);
            }
            catch (Exception failure)
            {
                // Whatever one packet did, the rack's next machine is served. The pause keeps a lasting error from filling the log.
                refused.Count("tftp/error");
                LogLoopError(failure);
                stopping.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200));
            }
        }
    }

    private void Turn(Socket listening)
    {
        readable.Clear();
        readable.Add(listening);
        readable.AddRange(bySocket.Keys);
        Socket.Select(readable, null, null, UntilNextDeadline());
        var now = clock.GetUtcNow();
        foreach (var socket in readable)
            Receive(socket, now);
        foreach (var late in running.Values.Where(c => c.Deadline <= now).ToArray())
            Step(late, [], now, static (c, _, time) => c.OnTimeout(time));
    }

    private TimeSpan UntilNextDeadline()
    {
        if (running.Count == 0)
            return LongestWait;
        var wait = running.Values.Min(c => c.Deadline) - clock.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private void Receive(Socket socket, DateTimeOffset now)
    {
        var conversation = bySocket.GetValueOrDefault(socket);
        if (conversation is null && socket != listener)
            return; // It ended in this very turn.
        // Poll says of a UDP socket that it is readable only when it holds a datagram that is whole: this does not wait.
        ReadOnlySpan<byte> datagram = buffer.AsSpan(0, socket.ReceiveFrom(buffer, SocketFlags.None, sender));
        if (conversation is not null)
            OnOwnSocket(conversation, datagram, now);
        else
            OnListener(datagram, now);
    }

    private void OnOwnSocket(TftpConversation conversation, ReadOnlySpan<byte> datagram, DateTimeOffset now)
    {
        if (sender.Equals(conversation.From.Client))
            Step(conversation, datagram, now, static (c, packet, time) => c.OnPacket(packet, time));
        else if (TftpPacket.OpcodeOf(datagram) != TftpOpcode.Error)
            TrySend(conversation.Socket, TftpPacket.WriteError(TftpError.UnknownTransferId, "Unknown transfer."), sender);
    }

    private void OnListener(ReadOnlySpan<byte> datagram, DateTimeOffset now)
    {
        var isRequest = TftpPacket.OpcodeOf(datagram) is TftpOpcode.ReadRequest or TftpOpcode.WriteRequest;
        if (!isRequest && config.TftpSinglePort && running.TryGetValue(sender, out var conversation))
        {
            Step(conversation, datagram, now, static (c, packet, time) => c.OnPacket(packet, time));
            return;
        }
        if (!TftpPacket.TryReadRequest(datagram, out var request, out var refusal))
        {
            // An ERROR is never answered with an ERROR (netboot.md 13.1), nor is the last ACK of a transfer that is over.
            if (TftpPacket.OpcodeOf(datagram) is not (TftpOpcode.Error or TftpOpcode.Ack) && !stopping.IsCancellationRequested)
                Refuse(refusal);
            return;
        }
        if (!TftpPath.TryNormalize(request.FileName, out var path))
            Refuse(new(TftpError.AccessViolation, "That path is not served.", "path-refused"));
        else if (Locate(path) is not { } file)
            Refuse(new(TftpError.FileNotFound, "File not found.", "file-not-found"));
        else if (SessionOf(path) is { Firmware: ClientFirmware.UefiArm64 } arm && answers.TryLeaveToItsDisk(arm))
            Refuse(new(TftpError.FileNotFound, "This machine starts from its disk.", "disk"));
        else
            Begin(new(Copy(sender), request, path, file, SessionOf(path)), now);
    }

    private BootSession? SessionOf(string path) => path.Split('/') is ["b", var id, _] ? sessions.Find(id) : null;

    // b/SESSION/NAME, or the plain name for machines whose own configuration says so.
    private string? Locate(string path)
    {
        var name = path.Split('/') is ["b", _, var last] ? last : path;
        if (name != config.BiosLoader && name != config.UefiLoader && (name == "" || name != config.Arm64Loader))
            return null;
        var file = Path.Combine(config.IpxeDirectory, name);
        return File.Exists(file) ? file : null;
    }

    private void Begin(TftpRequest request, DateTimeOffset now)
    {
        if (running.TryGetValue(request.Client, out var former))
        {
            if (former.IsRepeatedBy(request))
                return;
            Forget(former); // A client that uses one port for all its transfers, or that started over.
        }
        if (running.Count >= config.TftpTransfers
            || running.Values.Count(c => c.From.EndPoint.Address.Equals(request.EndPoint.Address)) >= config.TftpTransfersPerClient)
        {
            refused.Count("tftp/too-many-transfers"); // Without an answer: the client asks again.
            return;
        }
        if (Open(request) is not { } conversation)
            return;
        running.Add(request.Client, conversation);
        Step(conversation, [], now, static (c, _, time) => c.Start(time));
    }

    private TftpConversation? Open(TftpRequest request)
    {
        var socket = config.TftpSinglePort ? listener! : NewSocket();
        try
        {
            if (!config.TftpSinglePort)
                socket.Bind(new IPEndPoint(Address, 0));
            var conversation = new TftpConversation(request, socket, blockLimit, Math.Max(SmallestShare, BlocksInFlight / (running.Count + 1)));
            if (!config.TftpSinglePort)
                bySocket.Add(socket, conversation);
            return conversation;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException)
        {
            LogTransferError(request.EndPoint.ToString(), request.Path, failure.Message);
            TrySend(listener!, TftpPacket.WriteError(TftpError.NotDefined, "The file cannot be read."), request.Client);
            if (socket != listener)
                socket.Dispose();
            return null;
        }
    }

    // One machine's transfer must not end unseen, nor end the others.
    private void Step(TftpConversation conversation, ReadOnlySpan<byte> datagram, DateTimeOffset now, ConversationStep step)
    {
        var (client, path) = (conversation.From.EndPoint, conversation.From.Path);
        try
        {
            step(conversation, datagram, now);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            LogTransferError(client.ToString(), path, failure.Message);
            TrySend(conversation.Socket, TftpPacket.WriteError(TftpError.NotDefined, "The file could not be read to its end."), conversation.From.Client);
            Forget(conversation);
            return;
        }
        if (conversation.Outcome == TftpOutcome.Running)
            return;
        if (conversation is { Outcome: TftpOutcome.Completed, From.Session: { } session })
            reporter.LoaderFetched(session);
        if (conversation.Outcome == TftpOutcome.TimedOut)
            LogTimedOut(client.ToString(), path);
        Forget(conversation);
    }

    private void Forget(TftpConversation conversation)
    {
        running.Remove(conversation.From.Client);
        if (bySocket.Remove(conversation.Socket))
            conversation.Socket.Dispose();
        conversation.Dispose();
    }

    private void Refuse(TftpRefusal refusal)
    {
        refused.Count("tftp/" + refusal.Reason);
        LogRefused(EndPointOf(sender).ToString(), refusal.Message);
        TrySend(listener!, TftpPacket.WriteError(refusal.Code, refusal.Message), sender);
    }

    // A stranger may claim an address or a port that nothing can be sent to; that is not the next client's trouble.
    private void TrySend(Socket socket, byte[] packet, SocketAddress to)
    {
        try
        {
            socket.SendTo(packet, SocketFlags.None, to);
        }
        catch (SocketException failure)
        {
            refused.Count("tftp/unanswerable");
            LogRefused(EndPointOf(to).ToString(), failure.Message);
        }
    }

    private delegate void ConversationStep(TftpConversation conversation, ReadOnlySpan<byte> datagram, DateTimeOffset now);

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }

    [LoggerMessage(LogLevel.Debug, "TFTP: {Client} is refused: {Reason}")]
    private partial void LogRefused(string client, string reason);

    [LoggerMessage(LogLevel.Error, "TFTP: a packet could not be handled")]
    private partial void LogLoopError(Exception error);

    [LoggerMessage(LogLevel.Warning, "TFTP: {Client} answered no more while it loaded {Path}")]
    private partial void LogTimedOut(string client, string path);

    [LoggerMessage(LogLevel.Warning, "TFTP: {Client} could not be served {Path}: {Error}")]
    private partial void LogTransferError(string client, string path, string error);
}
