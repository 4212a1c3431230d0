using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>
/// One thread of the TFTP server: it waits for all its sockets, one for requests and one for each transfer, as RFC 1350 has it; or for a
/// single one, where a firewall or a NAT lets nothing else through. The rules are in <see cref="TftpTransfer"/>.
/// </summary>
internal sealed partial class TftpLoop : IAsyncDisposable
{
    // Of an answer in flight for each of the transfers of a single port.
    private const int ReceiveBuffer = 4 << 20;

    // Blocks on their way at once, of all transfers together: each gets the same share, however large a window its client wishes. What EDK2
    // wishes it gets in any crowd.
    private const int BlocksInFlight = 256;
    private const int SmallestShare = 4;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly Dictionary<SocketAddress, TftpConversation> running = [];
    private readonly Dictionary<Socket, TftpConversation> bySocket = [];
    private readonly PollSet waiting;
    private readonly List<Socket> readable = [];
    private readonly byte[] buffer = new byte[2048];
    private readonly SocketAddress sender;
    private readonly CancellationTokenSource stopping = new();
    private readonly TftpSetting setting;
    private readonly TransferLimits limits;
    private readonly Socket listener;
    private readonly ILogger log;
    private Task loop = Task.CompletedTask;

    /// <param name="listener">Where requests come in; bound, and the loop's own from now on.</param>
    public TftpLoop(TftpSetting setting, TransferLimits limits, Socket listener, ILogger log)
    {
        (this.setting, this.limits, this.listener, this.log) = (setting, limits, listener, log);
        listener.ReceiveBufferSize = ReceiveBuffer;
        waiting = new(listener);
        sender = new(listener.AddressFamily);
    }

    public static IPEndPoint EndPointOf(SocketAddress address) =>
        (IPEndPoint)new IPEndPoint(address.Family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Create(address);

    public void Start() => loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Ends when its thread has; transfers that run are given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose(); // The thread waits for it.
        await loop;
        foreach (var conversation in running.Values.ToArray())
            Forget(conversation);
        stopping.Dispose();
    }

    private void Run()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Turn();
            }
            catch (Exception failure)
            {
                if (stopping.IsCancellationRequested)
                    return;
                // Whatever one packet did, the rack's next machine is served. The pause keeps a lasting error from filling the log.
                setting.Refused.Count("tftp/error");
                LogLoopError(failure);
                stopping.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200));
            }
        }
    }

    private void Turn()
    {
        readable.Clear();
        var deadline = NextDeadline();
        waiting.Wait(Until(deadline), readable);
        var now = setting.Clock.GetUtcNow();
        foreach (var socket in readable)
            Receive(socket, now);
        if (deadline > now)
            return;
        foreach (var late in running.Values.Where(c => c.Deadline <= now).ToArray())
            Step(late, [], now, static (c, _, time) => c.OnTimeout(time));
    }

    private DateTimeOffset NextDeadline()
    {
        var next = DateTimeOffset.MaxValue;
        foreach (var conversation in running.Values)
            next = conversation.Deadline < next ? conversation.Deadline : next;
        return next;
    }

    private TimeSpan Until(DateTimeOffset deadline)
    {
        if (deadline == DateTimeOffset.MaxValue)
            return LongestWait;
        var wait = deadline - setting.Clock.GetUtcNow();
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
        if (!isRequest && setting.IsSinglePort && running.TryGetValue(sender, out var conversation))
        {
            Step(conversation, datagram, now, static (c, packet, time) => c.OnPacket(packet, time));
            return;
        }
        if (!TftpPacket.TryReadRequest(datagram, out var request, out var refusal))
        {
            // An ERROR is never answered with an ERROR (netboot.md 13.1), nor is the last ACK of a transfer that is over.
            if (TftpPacket.OpcodeOf(datagram) is not (TftpOpcode.Error or TftpOpcode.Ack))
                Refuse(refusal);
            return;
        }
        if (setting.Files.TryFind(request.FileName, out var loader, out refusal))
            Begin(new(Copy(sender), request, loader), now);
        else
            Refuse(refusal);
    }

    private void Begin(TftpRequest request, DateTimeOffset now)
    {
        if (running.TryGetValue(request.Client, out var former))
        {
            if (former.IsRepeatedBy(request))
                return;
            Forget(former); // A client that uses one port for all its transfers, or that started over.
        }
        if (!limits.TryTake(request.EndPoint.Address))
        {
            setting.Refused.Count("tftp/too-many-transfers"); // Without an answer: the client asks again.
            return;
        }
        if (Open(request) is not { } conversation)
            return;
        running.Add(request.Client, conversation);
        Step(conversation, [], now, static (c, _, time) => c.Start(time));
    }

    private TftpConversation? Open(TftpRequest request)
    {
        var socket = setting.IsSinglePort ? listener : new(listener.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            if (!setting.IsSinglePort)
                socket.Bind(new IPEndPoint(((IPEndPoint)listener.LocalEndPoint!).Address, 0));
            var conversation = new TftpConversation(request, socket, setting.BlockLimit, Math.Max(SmallestShare, BlocksInFlight / limits.Running));
            if (!setting.IsSinglePort)
            {
                bySocket.Add(socket, conversation);
                waiting.Add(socket);
            }
            return conversation;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException)
        {
            limits.Return(request.EndPoint.Address);
            LogTransferError(request.EndPoint.ToString(), request.Loader.Name, failure.Message);
            TrySend(listener, TftpPacket.WriteError(TftpError.NotDefined, "The file cannot be read."), request.Client);
            if (socket != listener)
                socket.Dispose();
            return null;
        }
    }

    // One machine's transfer must not end unseen, nor end the others.
    private void Step(TftpConversation conversation, ReadOnlySpan<byte> datagram, DateTimeOffset now, ConversationStep step)
    {
        var (client, path) = (conversation.From.EndPoint, conversation.From.Loader.Name);
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
        if (conversation is { Outcome: TftpOutcome.Completed, From.Loader.Session: { } session })
            setting.Reporter.LoaderFetched(session);
        if (conversation.Outcome == TftpOutcome.TimedOut)
            LogTimedOut(client.ToString(), path);
        Forget(conversation);
    }

    private void Forget(TftpConversation conversation)
    {
        if (running.Remove(conversation.From.Client))
            limits.Return(conversation.From.EndPoint.Address);
        if (bySocket.Remove(conversation.Socket))
        {
            waiting.Remove(conversation.Socket);
            conversation.Socket.Dispose();
        }
        conversation.Dispose();
    }

    private void Refuse(TftpRefusal refusal)
    {
        setting.Refused.Count("tftp/" + refusal.Reason);
        LogRefused(EndPointOf(sender).ToString(), refusal.Message);
        TrySend(listener, TftpPacket.WriteError(refusal.Code, refusal.Message), sender);
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
            setting.Refused.Count("tftp/unanswerable");
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
