using System.Globalization;
using System.Net;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>Addresses with the length of their network behind a slash, which may have bits of the host set.</summary>
internal static class IPNetworkText
{
    public static bool IsOne(string text) =>
        text.Split('/') is [var address, var length] && IPAddress.TryParse(address, out var ip)
        && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= ip.GetAddressBytes().Length * 8;

    /// <summary>True when the address is in the network that the text is of.</summary>
    public static bool Contains(string text, IPAddress address)
    {
        var (ip, bits) = (IPAddress.Parse(text.Split('/')[0]), int.Parse(text.Split('/')[1], CultureInfo.InvariantCulture));
        var (own, other) = (ip.GetAddressBytes(), address.GetAddressBytes());
        return own.Length == other.Length && Enumerable.Range(0, bits).All(i => ((own[i / 8] ^ other[i / 8]) & (0x80 >> (i % 8))) == 0);
    }
}
