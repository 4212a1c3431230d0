namespace Cozy.Fleet.Tftp;

/// <summary>The receiving side of one transfer, as firmware does it; used by simulated machines.</summary>
/// <param name="send">Sends to the server; the first answer tells its port.</param>
public sealed class TftpDownload(string fileName, int blockSize, int windowSize, Stream into, Action<ReadOnlyMemory<byte>> send)
{
    private int agreedBlockSize = 512;
    private int agreedWindow = 1;
    private long received;
    private int inWindow;
    private ReadOnlyMemory<byte> last;

    public bool Completed { get; private set; }

    /// <summary>The server's words when it refused; else null.</summary>
    public string? Error { get; private set; }

    /// <summary>The length that the server announced; -1 when it announced none.</summary>
    public long AnnouncedLength { get; private set; } = -1;

    public void Start() => Send(TftpPacket.WriteRequest(fileName, blockSize, windowSize));

    /// <summary>Nothing came: says the last thing again.</summary>
    public void OnTimeout() => send(last);

    public void OnPacket(ReadOnlySpan<byte> packet)
    {
        switch (TftpPacket.OpcodeOf(packet))
        {
            case TftpOpcode.Error:
                Error = TftpPacket.ReadError(packet).Message;
                break;
            case TftpOpcode.OptionAck when received == 0:
                Agree(TftpPacket.ReadOptionAck(packet));
                Send(TftpPacket.WriteAck(0));
                break;
            case TftpOpcode.Data when TftpPacket.BlockOf(packet) is { } block:
                OnData(block, packet[4..]);
                break;
            default:
                break;
        }
    }

    private void Agree(Dictionary<string, string> options)
    {
        if (int.TryParse(options.GetValueOrDefault("blksize"), out var size))
            agreedBlockSize = size;
        if (int.TryParse(options.GetValueOrDefault("windowsize"), out var window))
            agreedWindow = window;
        if (long.TryParse(options.GetValueOrDefault("tsize"), out var length))
            AnnouncedLength = length;
    }

    private void OnData(ushort block, ReadOnlySpan<byte> data)
    {
        if (block != (ushort)(received + 1))
        {
            // Out of order: the last good block tells the server where to go on (RFC 7440 4).
            if (inWindow > 0 || block == (ushort)received)
                Acknowledge();
            return;
        }
        into.Write(data);
        received++;
        inWindow++;
        Completed = data.Length < agreedBlockSize;
        if (Completed || inWindow == agreedWindow)
            Acknowledge();
    }

    private void Acknowledge()
    {
        inWindow = 0;
        Send(TftpPacket.WriteAck((ushort)received));
    }

    private void Send(byte[] packet)
    {
        last = packet;
        send(packet);
    }
}
