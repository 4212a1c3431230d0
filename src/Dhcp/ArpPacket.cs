using System.Buffers.Binary;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>ARP for IPv4 over Ethernet (RFC 826), behind the Ethernet header.</summary>
public static class ArpPacket
{
    public const int Length = 28;

    // Hardware type Ethernet, protocol IPv4, and the lengths of their addresses.
    private static ReadOnlySpan<byte> Head => [0, 1, 0x08, 0x00, 6, 4];

    /// <summary>
    /// "Who has this address?" It does not say who asks (RFC 5227 1.1: an ARP probe): everybody on the link would remember that our address
    /// is at this card.
    /// </summary>
    /// <param name="to">Must hold <see cref="Length"/> bytes.</param>
    /// <param name="ours">Where the answer goes.</param>
    public static void WriteProbe(Span<byte> to, MacAddress ours, uint asked)
    {
        to[..Length].Clear();
        Head.CopyTo(to);
        to[7] = 1; // A question.
        ours.WriteTo(to[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(to[24..], asked);
    }

    /// <summary>Who says of itself that it has which address: in an answer, and in a question of its own as well.</summary>
    public static bool TryReadSender(ReadOnlySpan<byte> packet, out MacAddress card, out uint address)
    {
        (card, address) = (default, 0);
        if (packet.Length < Length || !packet.StartsWith(Head) || packet[6] != 0 || packet[7] is not (1 or 2))
            return false;
        card = MacAddress.FromBytes(packet.Slice(8, 6));
        address = BinaryPrimitives.ReadUInt32BigEndian(packet[14..]);
        return address != 0; // A probe of RFC 5227 says nothing of itself.
    }
}
