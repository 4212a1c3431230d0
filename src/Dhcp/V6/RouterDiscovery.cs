using System.Buffers.Binary;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>
/// The messages of IPv6 router discovery that a boot meets (RFC 4861 4.1, 4.2), behind their IPv6 header. Those that are written have no
/// checksum: the kernel computes it (RFC 3542 3.1).
/// </summary>
public static class RouterDiscovery
{
    public const byte Solicitation = 133;
    public const byte Advertisement = 134;

    private const int SolicitationHeader = 8;
    private const int AdvertisementHeader = 16;
    private const int OptionUnit = 8; // Lengths of options count in these.
    private const byte SourceLinkAddress = 1;
    private const byte PrefixInformation = 3;
    private const int PrefixLength = 4 * OptionUnit;

    // Flags of the advertisement, and of a prefix (RFC 4861 4.2, 4.6.2).
    private const byte Managed = 0x80;
    private const byte OtherConfig = 0x40;
    private const byte OnLink = 0x80;
    private const byte Autonomous = 0x40;
    private const byte HopLimit = 64;

    /// <summary>The network card that asks for a router; false for every other message, and for one that does not name its card.</summary>
    public static bool TryReadSolicitation(ReadOnlySpan<byte> message, out MacAddress card)
    {
        card = default;
        if (message.Length < SolicitationHeader || message[0] != Solicitation || message[1] != 0)
            return false;
        for (var rest = message[SolicitationHeader..]; rest.Length >= OptionUnit;)
        {
            if (rest[0] == SourceLinkAddress && rest[1] == 1)
            {
                card = MacAddress.FromBytes(rest.Slice(2, 6));
                return true;
            }
            // An option without a length would be read for ever (RFC 4861 4.6).
            if (rest[1] == 0 || rest[1] * OptionUnit > rest.Length)
                return false;
            rest = rest[(rest[1] * OptionUnit)..];
        }
        return false;
    }

    /// <summary>How long the sender wants to be somebody's router; zero for one that does not, and for every other message.</summary>
    public static TimeSpan RouterLifetime(ReadOnlySpan<byte> message) =>
        message.Length >= AdvertisementHeader && message[0] == Advertisement
            ? TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt16BigEndian(message[6..])) : TimeSpan.Zero;

    /// <summary>
    /// "There is no router here, no prefix and no DHCPv6": lifetime, flags and options are all zero, so that nobody's configuration
    /// changes by it.
    /// </summary>
    public static byte[] NoRouterHere()
    {
        var message = new byte[AdvertisementHeader];
        message[0] = Advertisement;
        return message;
    }

    /// <summary>
    /// "Ask by DHCPv6; this prefix is on your link." It says of itself that it is no default router: a PXE host seldom is one. It does not
    /// name our card (RFC 4861 4.2 leaves it open), which may change, and which nobody needs who does not route through us.
    /// </summary>
    /// <param name="autonomous">Machines may also make addresses of their own.</param>
    public static byte[] AskByDhcp(Dhcp6Subnet subnet, bool autonomous)
    {
        ArgumentNullException.ThrowIfNull(subnet);
        var message = new byte[AdvertisementHeader + PrefixLength];
        (message[0], message[4], message[5]) = (Advertisement, HopLimit, Managed | OtherConfig);
        var prefix = message.AsSpan(AdvertisementHeader);
        var seconds = (uint)subnet.LeaseTime.TotalSeconds;
        (prefix[0], prefix[1], prefix[2]) = (PrefixInformation, PrefixLength / OptionUnit, (byte)subnet.PrefixLength);
        prefix[3] = (byte)(OnLink | (autonomous ? Autonomous : 0));
        BinaryPrimitives.WriteUInt32BigEndian(prefix[4..], seconds);
        BinaryPrimitives.WriteUInt32BigEndian(prefix[8..], seconds);
        BinaryPrimitives.WriteUInt128BigEndian(prefix[16..], subnet.Prefix);
        return message;
    }
}
