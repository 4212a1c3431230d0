using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Bench.Memory;

/// <summary>One file from the sending machine to the receiving one, each packet handed over in memory: no sockets, no loss.</summary>
internal static class TftpTransfers
{
    // About what ipxe.efi has.
    private const int Length = 1_000_000;
    private const double Megabyte = 1_000_000;

    public static Measurement Create(int blockSize, int windowSize)
    {
        var file = new byte[Length];
        new Random(1).NextBytes(file);
        return new(
            $"TFTP transfer in memory, blksize {blockSize}, windowsize {windowSize}", $"tftp-{blockSize}x{windowSize}", "MB/s",
            Length / Megabyte, () => Transfer(file, blockSize, windowSize));
    }

    private static void Transfer(byte[] file, int blockSize, int windowSize)
    {
        var (toServer, toClient) = (new Queue<byte[]>(), new Queue<byte[]>());
        using var received = new MemoryStream(file.Length);
        var download = new TftpDownload("ipxe.efi", blockSize, windowSize, received, packet => toServer.Enqueue(packet.ToArray()));
        download.Start();
        if (!TftpPacket.TryReadRequest(toServer.Dequeue(), out var request, out var refusal))
            throw new InvalidOperationException($"A request of our own was refused: {refusal.Message}");
        var transfer = new TftpTransfer(request, file.Length, Read, packet => toClient.Enqueue(packet.ToArray()));
        transfer.Start(DateTimeOffset.UnixEpoch);

        while (toServer.Count + toClient.Count > 0)
        {
            while (toClient.TryDequeue(out var packet))
                download.OnPacket(packet);
            while (toServer.TryDequeue(out var packet))
                transfer.OnPacket(packet, DateTimeOffset.UnixEpoch);
        }
        if (transfer.Outcome != TftpOutcome.Completed || received.Length != file.Length)
            throw new InvalidOperationException($"The transfer ended {transfer.Outcome} with {received.Length} of {file.Length} bytes.");

        int Read(long offset, Span<byte> into)
        {
            var piece = file.AsSpan((int)offset, Math.Min(into.Length, file.Length - (int)offset));
            piece.CopyTo(into);
            return piece.Length;
        }
    }
}
