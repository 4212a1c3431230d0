using System.Buffers.Binary;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>
/// The ICMPv6 message that tells machines to ask by DHCPv6 and which prefix is on their link (RFC 4861 4.2). It says of
/// itself that it is no
/// default router: a PXE host seldom is one.
/// </summary>
public static class RouterAdvertisement
{
    public const byte SolicitationType = 133;

    private const byte AdvertisementType = 134;
    private const byte Managed = 0x80;
    private const byte OtherConfig = 0x40;
    private const byte OnLink = 0x80;
    private const byte Autonomous = 0x40;
    private const byte HopLimit = 64;
    private const int Header = 16;
    private const int PrefixOption = 32;

    /// <summary>The message without its checksum, which the kernel computes (RFC 3542 3.1).</summary>
    /// <param name="mac">Our own card's; null leaves it out.</param>
    /// <param name="autonomous">Machines may also make addresses of their own.</param>
    public static byte[] Write(Dhcp6Subnet subnet, MacAddress? mac, bool autonomous)
    {
        ArgumentNullException.ThrowIfNull(subnet);
        var message = new byte[Header + (mac is null ? 0 : 8) + PrefixOption];
        (message[0], message[4], message[5]) = (AdvertisementType, HopLimit, Managed | OtherConfig);
        var at = Header;
        if (mac is { } own)
        {
            (message[at], message[at + 1]) = (1, 1); // Source link-layer address, in units of eight bytes.
            own.WriteTo(message.AsSpan(at + 2, 6));
            at += 8;
        }
        var seconds = (uint)subnet.LeaseTime.TotalSeconds;
        (message[at], message[at + 1], message[at + 2]) = (3, PrefixOption / 8, (byte)subnet.PrefixLength);
        message[at + 3] = (byte)(OnLink | (autonomous ? Autonomous : 0));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(at + 4), seconds);
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(at + 8), seconds);
        BinaryPrimitives.WriteUInt128BigEndian(message.AsSpan(at + 16), subnet.Prefix);
        return message;
    }
}
