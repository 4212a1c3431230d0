using System.ComponentModel;
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
    private readonly EpollSet sockets = new();
    private readonly byte[] buffer = new byte[2048];
    private readonly SocketAddress sender;
    private readonly CancellationTokenSource stopping = new();
    private readonly TftpSetting setting;
    private readonly TransferLimits limits;
    private readonly Socket listener;
    private readonly ILogger log;
    private Task loop = Task.CompletedTask;
    private DateTimeOffset now; // When this turn began.

    /// <param name="listener">Where requests come in; bound, and the loop's own from now on.</param>
    public TftpLoop(TftpSetting setting, TransferLimits limits, Socket listener, ILogger log)
    {
        (this.setting, this.limits, this.listener, this.log) = (setting, limits, listener, log);
        listener.ReceiveBufferSize = ReceiveBuffer;
        sockets.Add(listener, OnListener);
        sender = new(listener.AddressFamily);
    }

    public static IPEndPoint EndPointOf(SocketAddress address) =>
        (IPEndPoint)new IPEndPoint(address.Family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0).Create(address);

    public void Start() => loop = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Ends when its thread has; transfers that run are given up.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        DatagramCalls.EndWaits(listener);
        await loop;
        foreach (var conversation in running.Values.ToArray())
            Forget(conversation);
        listener.Dispose();
        sockets.Dispose();
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
        var deadline = NextDeadline();
        var readable = sockets.Wait(Until(deadline));
        now = setting.Clock.GetUtcNow();
        foreach (var socket in readable)
        {
            if (!socket.IsOver) // It may have ended in this very turn.
                socket.Receive();
        }
        if (deadline > now)
            return;
        foreach (var late in running.Values.Where(c => c.Deadline <= now).ToArray())
            Step(late, [], static (c, _, time) => c.OnTimeout(time));
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
        var wait = deadline - now;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private void OnClient(TftpConversation conversation)
    {
        if (DatagramCalls.Receive(conversation.Port!.Own, buffer) is { } length)
            Step(conversation, buffer.AsSpan(0, length), static (c, packet, time) => c.OnPacket(packet, time));
    }

    // An ERROR is never answered with an ERROR (netboot.md 13.1).
    private void OnStranger(Socket strangers)
    {
        if (DatagramCalls.Receive(strangers, buffer, sender) is { } length && TftpPacket.OpcodeOf(buffer.AsSpan(0, length)) != TftpOpcode.Error)
            TrySend(strangers, TftpPacket.WriteError(TftpError.UnknownTransferId, "Unknown transfer."), sender);
    }

    private void OnListener()
    {
        if (DatagramCalls.Receive(listener, buffer, sender) is not { } length)
            return;
        ReadOnlySpan<byte> datagram = buffer.AsSpan(0, length);
        var isRequest = TftpPacket.OpcodeOf(datagram) is TftpOpcode.ReadRequest or TftpOpcode.WriteRequest;
        if (!isRequest && setting.IsSinglePort && running.TryGetValue(sender, out var conversation))
        {
            Step(conversation, datagram, static (c, packet, time) => c.OnPacket(packet, time));
            return;
        }
        if (!TftpPacket.TryReadRequest(datagram, out var request, out var refusal))
        {
            // Neither an ERROR is answered with an ERROR (netboot.md 13.1), nor the last ACK of a transfer that is over.
            if (TftpPacket.OpcodeOf(datagram) is not (TftpOpcode.Error or TftpOpcode.Ack))
                Refuse(refusal);
            return;
        }
        if (setting.Files.TryFind(request.FileName, out var loader, out refusal))
            Begin(new(Copy(sender), request, loader));
        else
            Refuse(refusal);
    }

    private void Begin(TftpRequest request)
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
        Step(conversation, [], static (c, _, time) => c.Start(time));
    }

    private TftpConversation? Open(TftpRequest request)
    {
        TransferPort? port = null;
        try
        {
            if (!setting.IsSinglePort)
                port = TransferPort.Open(((IPEndPoint)listener.LocalEndPoint!).Address, request.Client);
            var share = new TransferShare(setting.BlockLimit, Math.Max(SmallestShare, BlocksInFlight / limits.Running));
            var conversation = new TftpConversation(request, port, listener, share);
            if (port is not null)
            {
                sockets.Add(port.Own, () => OnClient(conversation));
                sockets.Add(port.Strangers, () => OnStranger(port.Strangers));
            }
            return conversation;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or Win32Exception) // SocketException is one.
        {
            limits.Return(request.EndPoint.Address);
            LogTransferError(request.EndPoint.ToString(), request.Loader.Name, failure.Message);
            TrySend(listener, TftpPacket.WriteError(TftpError.NotDefined, "The file cannot be read."), request.Client);
            port?.Dispose();
            return null;
        }
    }

    // One machine's transfer must not end unseen, nor end the others.
    private void Step(TftpConversation conversation, ReadOnlySpan<byte> datagram, ConversationStep step)
    {
        var (client, path) = (conversation.From.EndPoint, conversation.From.Loader.Name);
        try
        {
            step(conversation, datagram, now);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            LogTransferError(client.ToString(), path, failure.Message);
            var end = TftpPacket.WriteError(TftpError.NotDefined, "The file could not be read to its end.");
            TrySend(conversation.Port?.Own ?? listener, end, conversation.From.Client);
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
        if (conversation.Port is { } port)
        {
            sockets.Remove(port.Own);
            sockets.Remove(port.Strangers);
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
            DatagramCalls.Send(socket, packet, to);
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
