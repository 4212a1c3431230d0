using Org.BouncyCastle.Tls;

namespace Cozy.Fleet.Talos.Tls;

/// <summary>
/// A stream over BouncyCastle's non-blocking TLS machine. HTTP/2 reads and writes at the same time, which BouncyCastle's own
/// stream cannot (dotnet-facts.md 3.1). Either end of a connection; the transport below ends with it.
/// </summary>
public sealed class BouncyTlsStream(TlsProtocol protocol, Stream transport) : Stream
{
    // Reader and writer meet at the machine; records must leave in the order in which it made them.
    private readonly Lock machine = new();
    private readonly SemaphoreSlim sending = new(1);
    private readonly byte[] inbound = new byte[32 * 1024];

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="IOException">The handshake failed; an alert is a <see cref="TlsException"/>.</exception>
    public async Task HandshakeAsync(CancellationToken cancellation)
    {
        await DrainAsync(cancellation); // A client has something to say first.
        while (protocol.IsHandshaking)
        {
            if (!await FillAsync(cancellation))
                throw new EndOfStreamException("The other side left during the handshake.");
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            lock (machine)
            {
                var available = protocol.GetAvailableInputBytes();
                // A read of nothing waits for data: the caller wants to know when there is some.
                if (available > 0)
                    return buffer.IsEmpty ? 0 : Take(buffer.Span[..Math.Min(available, buffer.Length)]);
            }
            if (!await FillAsync(cancellationToken))
                return 0;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (machine)
            protocol.WriteApplicationData(buffer.ToArray(), 0, buffer.Length);
        await DrainAsync(cancellationToken);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => transport.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            transport.Dispose();
            sending.Dispose();
        }
        base.Dispose(disposing);
    }

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        var count = await transport.ReadAsync(inbound, cancellation);
        if (count == 0)
            return false;
        try
        {
            lock (machine)
                protocol.OfferInput(inbound, 0, count);
        }
        finally
        {
            // An alert that refuses the other side must reach it, too.
            await DrainAsync(cancellation);
        }
        return true;
    }

    private async Task DrainAsync(CancellationToken cancellation)
    {
        await sending.WaitAsync(cancellation);
        try
        {
            while (TakeOutput() is { Length: > 0 } output)
                await transport.WriteAsync(output, cancellation);
            await transport.FlushAsync(cancellation);
        }
        finally
        {
            sending.Release();
        }
    }

    private int Take(Span<byte> into)
    {
        var piece = new byte[into.Length];
        var count = protocol.ReadInput(piece, 0, piece.Length);
        piece.AsSpan(0, count).CopyTo(into);
        return count;
    }

    private byte[] TakeOutput()
    {
        lock (machine)
        {
            var output = new byte[protocol.GetAvailableOutputBytes()];
            protocol.ReadOutput(output, 0, output.Length);
            return output;
        }
    }
}
