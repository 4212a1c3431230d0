using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Cozy.Fleet.Tftp;

/// <summary>RFC 1350 5, RFC 2347.</summary>
public enum TftpOpcode : ushort
{
    ReadRequest = 1,
    WriteRequest = 2,
    Data = 3,
    Ack = 4,
    Error = 5,
    OptionAck = 6,
}

/// <summary>Error codes (RFC 1350 5, RFC 2347). Clients branch on 1: GRUB, PXELINUX and iPXE go on with the next name.</summary>
public enum TftpError : ushort
{
    NotDefined = 0,
    FileNotFound = 1,
    AccessViolation = 2,
    IllegalOperation = 4,
    UnknownTransferId = 5,
    OptionRefused = 8,
}

/// <summary>A client's read request with the options that it sent, as far as we know them.</summary>
public sealed record TftpReadRequest(string FileName, bool Netascii)
{
    public int? BlockSize { get; init; }

    public bool TransferSize { get; init; }

    public int? TimeoutSeconds { get; init; }

    public int? WindowSize { get; init; }

    /// <summary>The block number that follows 65535: 0 or 1. No RFC has this option; tftp-hpa and old loaders do.</summary>
    public int? Rollover { get; init; }
}

/// <summary>What a client is told instead of a file.</summary>
/// <param name="Reason">One word for the counters.</param>
public readonly record struct TftpRefusal(TftpError Code, string Message, string Reason);

/// <summary>Reads and writes the packets of RFC 1350, 2347, 2348, 2349 and 7440.</summary>
public static class TftpPacket
{
    public static TftpOpcode OpcodeOf(ReadOnlySpan<byte> packet) =>
        packet.Length >= 2 ? (TftpOpcode)BinaryPrimitives.ReadUInt16BigEndian(packet) : 0;

    /// <summary>The block number of DATA or ACK; null when the packet is shorter than that.</summary>
    public static ushort? BlockOf(ReadOnlySpan<byte> packet) =>
        packet.Length >= 4 ? BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) : null;

    /// <summary>Reads a request for a file. The refusal is what to answer.</summary>
    public static bool TryReadRequest(ReadOnlySpan<byte> packet, out TftpReadRequest request, out TftpRefusal refusal)
    {
        request = new("", false);
        refusal = OpcodeOf(packet) switch
        {
            TftpOpcode.ReadRequest => default,
            TftpOpcode.WriteRequest => new(TftpError.AccessViolation, "This server only reads.", "write-refused"),
            _ => new(TftpError.IllegalOperation, "A transfer starts with a read request.", "not-a-request"),
        };
        if (refusal.Message is not null)
            return false;

        var words = Words(packet[2..]);
        if (words.Count < 2 || words[0] == "")
        {
            refusal = new(TftpError.IllegalOperation, "The request is truncated.", "truncated");
            return false;
        }
        if (words[1].ToLowerInvariant() is not ("octet" or "netascii") and var mode)
        {
            refusal = new(TftpError.IllegalOperation, $"Unknown mode '{Printable(mode)}': octet and netascii are served.", "unknown-mode");
            return false;
        }
        request = WithOptions(new(words[0], words[1].Equals("netascii", StringComparison.OrdinalIgnoreCase)), words);
        return true;
    }

    public static byte[] WriteRequest(string fileName, int blockSize, int windowSize)
    {
        var text = $"{fileName}\0octet\0tsize\00\0blksize\0{blockSize}\0" + (windowSize > 1 ? $"windowsize\0{windowSize}\0" : "");
        return [0, (byte)TftpOpcode.ReadRequest, .. Encoding.ASCII.GetBytes(text)];
    }

    public static byte[] WriteAck(ushort block) => [0, (byte)TftpOpcode.Ack, (byte)(block >> 8), (byte)block];

    public static byte[] WriteError(TftpError code, string message) =>
        [0, (byte)TftpOpcode.Error, 0, (byte)code, .. Encoding.ASCII.GetBytes(message), 0];

    public static byte[] WriteOptionAck(IEnumerable<(string Name, long Value)> options)
    {
        var text = string.Concat(options.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Name}\0{o.Value}\0")));
        return [0, (byte)TftpOpcode.OptionAck, .. Encoding.ASCII.GetBytes(text)];
    }

    /// <summary>The options of an OACK, by lower-case name.</summary>
    public static Dictionary<string, string> ReadOptionAck(ReadOnlySpan<byte> packet)
    {
        var words = Words(packet[2..]);
        return Enumerable.Range(0, words.Count / 2)
            .GroupBy(i => words[2 * i].ToLowerInvariant())
            .ToDictionary(g => g.Key, g => words[(2 * g.First()) + 1]);
    }

    /// <summary>The words of an ERROR, for a log line.</summary>
    public static (ushort Code, string Message) ReadError(ReadOnlySpan<byte> packet) =>
        (BlockOf(packet) ?? 0, packet.Length > 4 ? Printable(Words(packet[4..]).FirstOrDefault("")) : "");

    // A value that is out of range is as if it had not been sent (RFC 2347: the server may ignore an option).
    private static TftpReadRequest WithOptions(TftpReadRequest request, List<string> words)
    {
        for (var i = 2; i + 1 < words.Count; i += 2)
        {
            var number = int.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1;
            request = (words[i].ToLowerInvariant(), number) switch
            {
                ("blksize", >= 8 and <= 65464) => request with { BlockSize = number },
                // netascii changes the length on the way: the size is not known (netboot.md 13.1).
                ("tsize", >= 0) => request with { TransferSize = !request.Netascii },
                ("timeout", >= 1 and <= 255) => request with { TimeoutSeconds = number },
                ("windowsize", >= 1 and <= 65535) => request with { WindowSize = number },
                ("rollover", 0 or 1) => request with { Rollover = number },
                _ => request,
            };
        }
        return request;
    }

    private static List<string> Words(ReadOnlySpan<byte> bytes)
    {
        var words = new List<string>();
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)0);
            // Without its NUL the last word is not whole.
            if (end < 0)
                break;
            words.Add(Encoding.Latin1.GetString(bytes[..end]));
            bytes = bytes[(end + 1)..];
        }
        return words;
    }

    private static string Printable(string text) => new([.. text.Take(80).Select(c => c is >= ' ' and <= '~' ? c : '?')]);
}
