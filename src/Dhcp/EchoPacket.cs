using System.Buffers.Binary;

namespace Cozy.Fleet.Dhcp;

/// <summary>ICMP echo (RFC 792), for addresses behind a relay, where ARP does not reach.</summary>
public static class EchoPacket
{
    public const int Length = 8;

    private const byte Answer = 0;
    private const byte Question = 8;
    private const int LongestIpHeader = 60;

    /// <param name="to">Must hold <see cref="Length"/> bytes.</param>
    public static void WriteQuestion(Span<byte> to, ushort identifier, ushort number)
    {
        to[..Length].Clear();
        to[0] = Question;
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], identifier);
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], number);
        var sum = (uint)((Question << 8) + identifier + number);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)~sum);
    }

    /// <summary>Whether this is the answer to a question with that identifier, as a raw socket hands it over: with its IP header.</summary>
    /// <param name="address">Who answers.</param>
    public static bool TryReadAnswer(ReadOnlySpan<byte> datagram, ushort identifier, out uint address)
    {
        address = 0;
        if (datagram.Length < 20 || datagram[0] >> 4 != 4)
            return false;
        var header = (datagram[0] & 0xf) * 4;
        if (header is < 20 or > LongestIpHeader || datagram.Length < header + Length || datagram[header] != Answer
            || BinaryPrimitives.ReadUInt16BigEndian(datagram[(header + 4)..]) != identifier)
            return false;
        address = BinaryPrimitives.ReadUInt32BigEndian(datagram[12..]);
        return true;
    }
}
