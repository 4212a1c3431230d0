using System.Buffers.Binary;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>The messages of IPv6 router discovery that a boot meets (RFC 4861 4.1, 4.2), behind their IPv6 header.</summary>
internal static class RouterDiscovery
{
    public const byte Solicitation = 133;
    public const byte Advertisement = 134;

    private const int SolicitationHeader = 8;
    private const int AdvertisementHeader = 16;
    private const int OptionUnit = 8; // Lengths of options count in these.
    private const byte SourceLinkAddress = 1;

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
    /// changes by it. The kernel adds the checksum.
    /// </summary>
    public static byte[] NoRouterHere()
    {
        var message = new byte[AdvertisementHeader];
        message[0] = Advertisement;
        return message;
    }
}
