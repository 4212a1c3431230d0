using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Bench;

/// <summary>
/// The TFTP transfer machine against our own receiver, both in memory: what the protocol costs when network and disk cost nothing.
/// A larger window saves a turn for each block, which a network multiplies by its round-trip time.
/// </summary>
internal static class TftpBench
{
    private const int Length = 128 << 20;
    private const int BlockSize = 1468;

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static Measurement[] Run()
    {
        var file = new byte[Length];
        new Random(1).NextBytes(file);
        return
        [
            Measurement.Of($"blksize {BlockSize}, windowsize 1", Unit.Megabytes, () => Transfer(file, windowSize: 1)),
            Measurement.Of($"blksize {BlockSize}, windowsize 16", Unit.Megabytes, () => Transfer(file, windowSize: 16)),
        ];
    }

    private static long Transfer(byte[] file, int windowSize)
    {
        var wire = new Wire();
        var received = new CountingStream();
        var download = new TftpDownload("file", BlockSize, windowSize, received, wire.ToServer);
        download.Start();
        if (!TftpPacket.TryReadRequest(wire.TakeForServer().Span, out var request, out var refusal))
            throw new InvalidOperationException($"The request was refused: {refusal.Message}");
        var transfer = new TftpTransfer(request, file.Length, (offset, into) => Read(file, offset, into), wire.ToClient, BlockSize);
        transfer.Start(Now);
        while (transfer.Outcome == TftpOutcome.Running)
        {
            while (wire.ForClient.TryDequeue(out var packet))
                download.OnPacket(packet.Span);
            transfer.OnPacket(wire.TakeForServer().Span, Now);
        }
        if (!download.Completed || received.Length != file.Length)
            throw new InvalidOperationException($"{received.Length} of {file.Length} bytes arrived: {transfer.Outcome}.");
        return received.Length;
    }

    private static int Read(byte[] file, long offset, Span<byte> into)
    {
        var count = (int)Math.Min(into.Length, file.Length - offset);
        file.AsSpan((int)offset, count).CopyTo(into);
        return count;
    }
}
