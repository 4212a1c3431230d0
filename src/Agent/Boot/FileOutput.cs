using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Bytes of a file.</summary>
internal sealed record FilePart(SafeFileHandle File, long From, long Count);

/// <summary>
/// What a connection sends, and where the kernel puts parts of files by itself (sendfile(2)): Kestrel copies each byte twice, which on a
/// machine with slow memory came to 0.6 of nginx's rate (`./fleet bench http`). To the response, those bytes are as if it had written them.
/// </summary>
internal sealed class FileOutput(PipeWriter sockets, Socket socket) : PipeWriter
{
    // What Kestrel sees as one write.
    private const int Piece = 1 << 20;

    // sendfile(2) cannot wait for a connection that takes no more; a copy of so many bytes, sent in the usual way, can.
    private const int CopyBytes = 16 * 1024;

    private SafeFileHandle? file; // Only while a part of it is sent.
    private long offset;
    private int unsent;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => sockets.CanGetUnflushedBytes;

    /// <inheritdoc/>
    public override long UnflushedBytes => sockets.UnflushedBytes + unsent;

    /// <summary>Every connection that is accepted gets one.</summary>
    public static void AddTo(IServiceCollection services)
    {
        // A flush lasts until the kernel has all bytes: what it sends from a file would overtake those that wait.
        services.Configure<SocketTransportOptions>(sockets => sockets.MaxWriteBufferSize = 1);
        services.Configure<KestrelServerOptions>(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Use(next => connection =>
        {
            var output = new FileOutput(connection.Transport.Output, connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket);
            connection.Features.Set(output);
            connection.Transport = new Duplex(connection.Transport.Input, output);
            return next(connection);
        })));
    }

    /// <summary>Sends a part of a file as the body, or the next piece of the body, of a response on this connection.</summary>
    /// <param name="body">The response's own writer: Kestrel counts the bytes, and watches how long they take.</param>
    /// <returns>How many bytes the kernel took; fewer than the part has when the machine hung up.</returns>
    /// <exception cref="IOException">The file became shorter.</exception>
    public async Task<long> SendAsync(PipeWriter body, FilePart part)
    {
        // Without the request's token: a machine that has the last byte hangs up at once, and that is no failure. One that hangs up earlier
        // completes the flush.
        var flushed = await body.FlushAsync(CancellationToken.None);
        (file, offset) = (part.File, part.From);
        var end = part.From + part.Count;
        try
        {
            while (offset < end && flushed is { IsCompleted: false, IsCanceled: false })
            {
                body.GetMemory(); // Kestrel insists on it before each piece; nothing is written there.
                body.Advance((int)Math.Min(Piece, end - offset));
                flushed = await body.FlushAsync(CancellationToken.None);
            }
        }
        finally
        {
            (file, unsent) = (null, 0); // What is left belongs to a connection that is broken.
        }
        return offset - part.From;
    }

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        if (file is null)
            sockets.Advance(bytes);
        else
            unsent += bytes;
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => sockets.GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => sockets.GetSpan(sizeHint);

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        file is null ? sockets.FlushAsync(cancellationToken) : SendPartAsync(file, cancellationToken);

    /// <inheritdoc/>
    public override void CancelPendingFlush() => sockets.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => sockets.Complete(exception);

    private async ValueTask<FlushResult> SendPartAsync(SafeFileHandle from, CancellationToken cancellation)
    {
        var flushed = default(FlushResult);
        while (unsent > 0 && flushed is { IsCompleted: false, IsCanceled: false })
        {
            // The connection takes no more, or is broken, or the file became shorter: the usual way waits, or finds out what it is.
            if (!TrySend(from))
                flushed = await SendCopyAsync(from, cancellation);
        }
        return flushed;
    }

    private bool TrySend(SafeFileHandle from)
    {
        try
        {
            var sent = (int)SendFile(socket.SafeHandle, from, ref offset, unsent);
            unsent -= Math.Max(sent, 0);
            return sent > 0;
        }
        catch (ObjectDisposedException)
        {
            return false; // The machine hung up, or was given up.
        }
    }

    private ValueTask<FlushResult> SendCopyAsync(SafeFileHandle from, CancellationToken cancellation)
    {
        var memory = sockets.GetMemory(CopyBytes);
        var read = RandomAccess.Read(from, memory.Span[..Math.Min(CopyBytes, unsent)], offset);
        if (read == 0)
            throw new IOException("The file became shorter while it was served.");
        sockets.Advance(read);
        (offset, unsent) = (offset + read, unsent - read);
        return sockets.FlushAsync(cancellation);
    }

    [DllImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static extern nint SendFile(SafeHandle socket, SafeHandle file, ref long offset, nint count);

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
