using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>
/// Which network cards are believed when they say that they use an address. A router that answers for its whole network (proxy ARP) uses
/// none of the addresses, and would put a whole range to rest; no host has so many in a rack's range.
/// </summary>
/// <remarks>Not safe for several threads.</remarks>
public sealed class ArpClaims
{
    /// <summary>So many addresses of one card are believed.</summary>
    public const int MostOfOneCard = 16;

    // Strangers who make up cards fill no more memory than this.
    private const int MostCards = 256;

    private readonly Dictionary<MacAddress, HashSet<uint>> claimed = [];

    /// <param name="isLast">It is the last one that this card is believed.</param>
    public bool IsBelieved(MacAddress card, uint address, out bool isLast)
    {
        if (claimed.Count >= MostCards && !claimed.ContainsKey(card))
            claimed.Clear();
        if (!claimed.TryGetValue(card, out var addresses))
            claimed[card] = addresses = [];
        isLast = addresses.Count == MostOfOneCard - 1 && addresses.Add(address);
        return addresses.Contains(address) || (addresses.Count < MostOfOneCard && addresses.Add(address));
    }
}
