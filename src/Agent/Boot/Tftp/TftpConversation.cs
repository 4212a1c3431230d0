using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>One client that loads one file: its port, the file, and the transfer machine between them.</summary>
internal sealed class TftpConversation : IDisposable
{
    private readonly TftpRequest from;
    private readonly Socket listener;
    private readonly Stream content;
    private readonly Activity? span;
    private readonly TftpTransfer transfer;

    /// <param name="port">Of this transfer alone; null when it has the server's only one.</param>
    /// <param name="listener">That one.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TftpConversation(TftpRequest from, TransferPort? port, Socket listener, TransferShare share)
    {
        (this.from, Port, this.listener) = (from, port, listener);
        content = Open(from.Loader.File, from.Request.Netascii);
        span = from.Loader.Session?.Span("tftp");
        // Many conversations share a thread; what the next one starts is no part of this one.
        Activity.Current = null;
        transfer = new(from.Request, content.Length, Read, packet => Send(packet.Span), share.BlockSize, share.Window);
    }

    public TftpRequest From => from;

    public TransferPort? Port { get; }

    public TftpOutcome Outcome => transfer.Outcome;

    public DateTimeOffset Deadline => transfer.Deadline;

    /// <summary>A firmware that is impatient says its request again. Once it has taken something, the same request is another start.</summary>
    public bool IsRepeatedBy(TftpRequest other) => transfer.BytesSent == 0 && from.Request == other.Request;

    public void Start(DateTimeOffset now) => transfer.Start(now);

    public void OnPacket(ReadOnlySpan<byte> packet, DateTimeOffset now) => transfer.OnPacket(packet, now);

    public void OnTimeout(DateTimeOffset now) => transfer.OnTimeout(now);

    public void Dispose()
    {
        span?.SetTag("tftp.file", from.Loader.Name).SetTag("tftp.outcome", transfer.Outcome.ToString()).SetTag("tftp.bytes", transfer.BytesSent);
        span?.Dispose();
        content.Dispose();
        Port?.Dispose();
    }

    private void Send(ReadOnlySpan<byte> packet)
    {
        if (Port is not null)
            DatagramCalls.Send(Port.Own, packet);
        else
            DatagramCalls.Send(listener, packet, from.Client);
    }

    private int Read(long offset, Span<byte> into)
    {
        if (content.Position != offset)
            content.Position = offset;
        return content.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
    }

    private static Stream Open(string file, bool netascii) => netascii
        ? new MemoryStream(Netascii.Encode(File.ReadAllBytes(file)))
        : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 << 10);
}

/// <summary>What a transfer may take of the link.</summary>
/// <param name="BlockSize">Bytes, at most.</param>
/// <param name="Window">Blocks that may be on their way at once.</param>
internal readonly record struct TransferShare(int BlockSize, int Window);

/// <summary>A request that is served: whose, how, and what.</summary>
internal sealed record TftpRequest(SocketAddress Client, TftpReadRequest Request, TftpLoader Loader)
{
    /// <summary>For the limit of one client, and for log lines.</summary>
    public IPEndPoint EndPoint { get; } = TftpLoop.EndPointOf(Client);
}
