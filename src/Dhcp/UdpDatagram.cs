using System.Buffers.Binary;

namespace Cozy.Fleet.Dhcp;

/// <summary>A UDP datagram inside an IPv4 packet, as a packet socket hands it over. Wrapping checks once.</summary>
public readonly ref struct UdpDatagram
{
    private const byte Udp = 17;
    private const int UdpHeader = 8;

    /// <summary>The sender's address.</summary>
    public uint Source { get; private init; }

    public ushort DestinationPort { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>False for every other packet, for fragments, and for one that is shorter than it says.</summary>
    public static bool TryWrap(ReadOnlySpan<byte> packet, out UdpDatagram datagram)
    {
        datagram = default;
        if (packet.Length < 20 || packet[0] >> 4 != 4 || packet[9] != Udp)
            return false;
        var header = (packet[0] & 0xf) * 4;
        var isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3fff) != 0;
        if (header < 20 || isFragment || packet.Length < header + UdpHeader)
            return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 4)..]);
        if (length < UdpHeader || header + length > packet.Length)
            return false;
        datagram = new()
        {
            Source = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]),
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 2)..]),
            Payload = packet[(header + UdpHeader)..(header + length)],
        };
        return true;
    }
}
