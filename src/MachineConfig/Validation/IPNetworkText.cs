using System.Net;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>Addresses with the length of their network behind a slash, which may have bits of the host set.</summary>
internal static class IPNetworkText
{
    public static bool IsOne(string text) =>
        text.Split('/') is [var address, var length] && IPAddress.TryParse(address, out var ip)
        && int.TryParse(length, out var bits) && bits >= 0 && bits <= ip.GetAddressBytes().Length * 8;
}
