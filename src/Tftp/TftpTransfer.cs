using System.Buffers.Binary;

namespace Cozy.Fleet.Tftp;

/// <summary>Reads a piece of the file into the span; fewer bytes than asked for mean its end.</summary>
public delegate int ReadBlock(long offset, Span<byte> into);

/// <summary>How a transfer ended.</summary>
public enum TftpOutcome
{
    Running,
    Completed,

    /// <summary>The client said ERROR; EDK2 does so after it has learned the size (netboot.md 13.3): no failure.</summary>
    Aborted,

    /// <summary>The client answered no more.</summary>
    TimedOut,
}

/// <summary>
/// The sending side of one transfer (RFC 1350, 2347–2349, 7440). It owns no socket and no clock: it is given packets and the time,
/// sends through a callback, and says when it wants to be woken.
/// </summary>
/// <param name="length">The file's length; for tsize.</param>
/// <param name="maximumBlockSize">The link's MTU less the headers: fragments are lost by many ROMs (netboot.md 13.2).</param>
/// <param name="maximumWindow">How many blocks may be on their way at once, whatever the client wishes.</param>
public sealed class TftpTransfer(
    TftpReadRequest request, long length, ReadBlock read, Action<ReadOnlyMemory<byte>> send, int maximumBlockSize = 1468,
    int maximumWindow = TftpTransfer.LargestWindow)
{
    /// <summary>What a client may wish for at most (RFC 7440 lets it wish for more).</summary>
    public const int LargestWindow = 64;

    private const int MaximumRetries = 6;

    // A client may ask for retries 255 seconds apart; it does not hold its place for half an hour.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(2);

    private readonly int blockSize = Math.Min(request.BlockSize ?? 512, maximumBlockSize);
    private readonly int windowSize = Math.Min(request.WindowSize ?? 1, Math.Clamp(maximumWindow, 1, LargestWindow));
    private readonly byte[] packet = new byte[4 + Math.Min(request.BlockSize ?? 512, maximumBlockSize)];

    // How many numbers the wire has, until the one behind 65535 comes: 0, or 1 when the client asked for that.
    private readonly int numbers = request.Rollover == 1 ? 65535 : 65536;

    // Blocks are counted from 1 without wrapping; the wire has their numbers.
    private long acknowledged;
    private long sent;

    // The block that the packet holds.
    private long filled;
    private int filledLength;

    private bool awaitingOptionAck;
    private bool repeated;
    private int retries;
    private DateTimeOffset heard;

    public TftpOutcome Outcome { get; private set; }

    /// <summary>When to call <see cref="OnTimeout"/>, unless a packet comes first.</summary>
    public DateTimeOffset Deadline { get; private set; }

    /// <summary>What the client has for certain.</summary>
    public long BytesSent => Math.Min(acknowledged * blockSize, length);

    private long LastBlock => (length / blockSize) + 1;

    /// <summary>Answers the request: with an OACK when it had options, else with the first window.</summary>
    public void Start(DateTimeOffset now)
    {
        var options = Options();
        awaitingOptionAck = options.Count > 0;
        if (awaitingOptionAck)
            send(TftpPacket.WriteOptionAck(options));
        else
            SendWindow();
        heard = now;
        Wait(now);
    }

    /// <summary>Takes a packet of this transfer's client.</summary>
    public void OnPacket(ReadOnlySpan<byte> received, DateTimeOffset now)
    {
        if (Outcome != TftpOutcome.Running)
            return;
        switch (TftpPacket.OpcodeOf(received))
        {
            case TftpOpcode.Error:
                Outcome = TftpOutcome.Aborted;
                break;
            case TftpOpcode.Ack when TftpPacket.BlockOf(received) is { } block:
                OnAck(block, now);
                break;
            default:
                break; // A repeated request of a slow client: the transfer runs already.
        }
    }

    /// <summary>Sends again what was not acknowledged, or gives up.</summary>
    public void OnTimeout(DateTimeOffset now)
    {
        if (Outcome != TftpOutcome.Running)
            return;
        if (++retries > MaximumRetries || (retries > 1 && now - heard >= LongestSilence))
        {
            Outcome = TftpOutcome.TimedOut;
            return;
        }
        if (awaitingOptionAck)
        {
            send(TftpPacket.WriteOptionAck(Options()));
        }
        else
        {
            (sent, repeated) = (acknowledged, false);
            SendWindow();
        }
        Wait(now);
    }

    private void OnAck(ushort block, DateTimeOffset now)
    {
        if (awaitingOptionAck)
        {
            if (block != 0)
                return;
            awaitingOptionAck = false;
        }
        else
        {
            // The distance in the wire's numbers tells which of the blocks in flight is meant.
            var advance = (block - NumberOf(acknowledged) + numbers) % numbers;
            if (acknowledged + advance > sent || (advance == 0 && !IsLossOfWindow()))
                return;
            repeated = advance == 0;
            acknowledged += advance;
        }
        (heard, retries) = (now, 0);
        if (acknowledged == LastBlock)
        {
            Outcome = TftpOutcome.Completed;
            return;
        }
        // An ACK inside the window says that what follows it was lost (RFC 7440 4).
        sent = acknowledged;
        SendWindow();
        Wait(now);
    }

    // A repeated ACK sends nothing: that would be the Sorcerer's Apprentice (RFC 1123 4.2.3.1). But with windows it is how a client says that
    // the first block of one was lost; it is believed once, until something arrives.
    private bool IsLossOfWindow() => windowSize > 1 && !repeated;

    private ushort NumberOf(long block) => (ushort)(block <= 65535 ? block : numbers == 65536 ? block % 65536 : ((block - 1) % 65535) + 1);

    private void SendWindow()
    {
        while (sent < acknowledged + windowSize && sent < LastBlock)
        {
            Fill(sent + 1);
            sent++;
            send(packet.AsMemory(0, filledLength));
        }
        // While the client takes these: its next ACK is answered at once, without a look at the file.
        if (sent < LastBlock)
            Fill(sent + 1);
    }

    private void Fill(long block)
    {
        if (block == filled)
            return;
        filled = 0; // Of no block, should the file fail.
        BinaryPrimitives.WriteUInt16BigEndian(packet, (ushort)TftpOpcode.Data);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), NumberOf(block));
        filledLength = 4 + read((block - 1) * blockSize, packet.AsSpan(4, blockSize));
        filled = block;
    }

    private List<(string, long)> Options()
    {
        var options = new List<(string, long)>();
        if (request.BlockSize is not null)
            options.Add(("blksize", blockSize));
        if (request.TransferSize)
            options.Add(("tsize", length));
        if (request.TimeoutSeconds is { } timeout)
            options.Add(("timeout", timeout));
        if (request.WindowSize is not null)
            options.Add(("windowsize", windowSize));
        if (request.Rollover is { } rollover)
            options.Add(("rollover", rollover));
        return options;
    }

    // Half a second, doubled each time, up to eight; or what the client asked for (RFC 2349).
    private void Wait(DateTimeOffset now) => Deadline = now + (request.TimeoutSeconds is { } seconds
        ? TimeSpan.FromSeconds(seconds)
        : TimeSpan.FromMilliseconds(500 << Math.Min(retries, 4)));
}
