using System.Buffers.Binary;

namespace Cozy.Fleet.Dhcp;

/// <summary>A UDP datagram inside an IP packet of either version, as a packet socket hands it over. Wrapping checks once.</summary>
public readonly ref struct UdpDatagram
{
    private const byte Udp = 17;
    private const int UdpHeader = 8;
    private const int Ipv6Header = 40;

    /// <summary>The sender's address.</summary>
    public ReadOnlySpan<byte> Source { get; private init; }

    public ushort DestinationPort { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>False for every other packet, for fragments, and for one that is shorter than it says.</summary>
    public static bool TryWrap(ReadOnlySpan<byte> packet, out UdpDatagram datagram)
    {
        datagram = default;
        if (!TryUnwrap(packet, out var source, out var rest) || rest.Length < UdpHeader)
            return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest[4..]);
        if (length < UdpHeader || length > rest.Length)
            return false;
        var port = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        datagram = new() { Source = source, DestinationPort = port, Payload = rest[UdpHeader..length] };
        return true;
    }

    private static bool TryUnwrap(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> source, out ReadOnlySpan<byte> rest)
    {
        source = rest = default;
        // Behind extension headers of IPv6 there is nothing that we look for.
        if (packet is [>= 0x60 and < 0x70, _, _, _, _, _, Udp, ..] && packet.Length >= Ipv6Header)
        {
            source = packet[8..24];
            rest = packet[Ipv6Header..];
            return true;
        }
        if (packet.Length < 20 || packet[0] >> 4 != 4 || packet[9] != Udp)
            return false;
        var header = (packet[0] & 0xf) * 4;
        var isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3fff) != 0;
        if (header < 20 || isFragment || packet.Length < header)
            return false;
        source = packet[12..16];
        rest = packet[header..];
        return true;
    }
}
