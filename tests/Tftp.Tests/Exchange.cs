using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Tftp.Tests;

/// <summary>One transfer under a fake clock; what the server sent is a list.</summary>
internal sealed class Exchange
{
    public Exchange(TftpReadRequest request, byte[] file, int maximumBlockSize = 1468, int maximumWindow = TftpTransfer.LargestWindow)
    {
        Transfer = new(request, file.Length, (offset, into) =>
        {
            Reads++;
            var count = Math.Min(into.Length, file.Length - (int)offset);
            file.AsSpan((int)offset, count).CopyTo(into);
            return count;
        }, packet => Sent.Add(packet.ToArray()), maximumBlockSize, maximumWindow);
        Transfer.Start(Clock.GetUtcNow());
    }

    public FakeTimeProvider Clock { get; } = new();

    public TftpTransfer Transfer { get; }

    public List<byte[]> Sent { get; } = [];

    public int Reads { get; private set; }

    /// <summary>What was sent since the last call: <c>D1</c>, <c>OACK</c>.</summary>
    public string[] Take()
    {
        string[] taken = [.. Sent.Select(p => TftpPacket.OpcodeOf(p) == TftpOpcode.Data ? $"D{TftpPacket.BlockOf(p)}" : "OACK")];
        Sent.Clear();
        return taken;
    }

    public Exchange Ack(int block)
    {
        Transfer.OnPacket(TftpPacket.WriteAck((ushort)block), Clock.GetUtcNow());
        return this;
    }

    /// <summary>Time passes until the transfer wants to be woken.</summary>
    public TimeSpan WaitOut()
    {
        var wait = Transfer.Deadline - Clock.GetUtcNow();
        Clock.Advance(wait);
        Transfer.OnTimeout(Clock.GetUtcNow());
        return wait;
    }
}
