namespace Cozy.Fleet.Tftp.Tests;

/// <summary>Both ends together over a wire that loses packets as a seed says.</summary>
public sealed class TftpDownloadTests
{
    [Theory]
    [InlineData(512, 1, 0)]
    [InlineData(1468, 1, 0)]
    [InlineData(1468, 16, 0)]
    [InlineData(512, 1, 10)]
    [InlineData(1468, 16, 10)]
    public void File_arrives_whole_whatever_is_lost(int blockSize, int windowSize, int lossPercent)
    {
        var random = new Random(4711);
        var content = new byte[100_000];
        random.NextBytes(content);
        var (toClient, toServer) = (new Queue<byte[]>(), new Queue<byte[]>());
        using var received = new MemoryStream();
        var client = new TftpDownload("f", blockSize, windowSize, received, packet => Post(toServer, packet));
        client.Start();
        Assert.True(TftpPacket.TryReadRequest(TftpPacket.WriteRequest("f", blockSize, windowSize), out var request, out _));
        var server = new TftpTransfer(request, content.Length, (offset, into) =>
        {
            var count = (int)Math.Min(into.Length, content.Length - offset);
            content.AsSpan((int)offset, count).CopyTo(into);
            return count;
        }, packet => Post(toClient, packet));
        server.Start(default);
        toServer.Clear(); // The request itself; the server has it.

        for (var round = 0; round < 100_000 && server.Outcome == TftpOutcome.Running; round++)
        {
            if (toClient.TryDequeue(out var down))
                client.OnPacket(down);
            else if (toServer.TryDequeue(out var up))
                server.OnPacket(up, default);
            else
                server.OnTimeout(default);
        }
        Assert.True(client.Completed, client.Error);
        Assert.Equal(content.Length, client.AnnouncedLength);
        Assert.Equal(content, received.ToArray());

        void Post(Queue<byte[]> queue, ReadOnlyMemory<byte> packet)
        {
            if (random.Next(100) >= lossPercent)
                queue.Enqueue(packet.ToArray());
        }
    }

    [Fact]
    public void Servers_error_is_kept_in_its_words()
    {
        var client = new TftpDownload("f", 512, 1, Stream.Null, _ => { });
        client.OnPacket(TftpPacket.WriteError(TftpError.FileNotFound, "File not found."));
        Assert.Equal("File not found.", client.Error);
    }
}
