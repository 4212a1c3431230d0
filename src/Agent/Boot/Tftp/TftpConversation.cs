using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>One client that loads one file: its socket, the file, and the transfer machine between them.</summary>
internal sealed class TftpConversation : IDisposable
{
    private readonly TftpRequest from;
    private readonly Stream content;
    private readonly Activity? span;
    private readonly TftpTransfer transfer;

    /// <param name="socket">Of this transfer alone, or the server's only one.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public TftpConversation(TftpRequest from, Socket socket, int maximumBlockSize, int maximumWindow)
    {
        (this.from, Socket) = (from, socket);
        content = Open(from.Loader.File, from.Request.Netascii);
        span = from.Loader.Session?.Span("tftp");
        // Many conversations share a thread; what the next one starts is no part of this one.
        Activity.Current = null;
        transfer = new(from.Request, content.Length, Read, packet => socket.SendTo(packet.Span, SocketFlags.None, from.Client), maximumBlockSize,
            maximumWindow);
    }

    public TftpRequest From => from;

    public Socket Socket { get; }

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

/// <summary>A request that is served: whose, how, and what.</summary>
internal sealed record TftpRequest(SocketAddress Client, TftpReadRequest Request, TftpLoader Loader)
{
    /// <summary>For the limit of one client, and for log lines.</summary>
    public IPEndPoint EndPoint { get; } = TftpLoop.EndPointOf(Client);
}
