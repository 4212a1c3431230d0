namespace Cozy.Fleet.Dhcp.V6;

/// <summary>An IPv6 network that we lease addresses of.</summary>
/// <param name="Prefix">Its first address.</param>
/// <param name="Ranges">Inclusive; at most 16 million addresses together are used.</param>
public sealed record Dhcp6Subnet(UInt128 Prefix, int PrefixLength, IReadOnlyList<(UInt128 First, UInt128 Last)> Ranges, TimeSpan LeaseTime)
{
    private const ulong MostAddresses = 1 << 24;

    /// <summary>Our own address, which no machine may have.</summary>
    public UInt128 ServerAddress { get; init; }

    public OptionSet Options { get; init; } = OptionSet.Empty;

    public bool Contains(UInt128 address) => PrefixLength == 0 || (address ^ Prefix) >> (128 - PrefixLength) == 0;

    /// <summary>Inside a range, and no address that means all routers of the subnet (RFC 4291 2.6.1), or us.</summary>
    public bool Leases(UInt128 address) =>
        address != Prefix && address != ServerAddress && Ranges.Any(range => address >= range.First && address <= range.Last);

    /// <summary>How many addresses the ranges have.</summary>
    public uint Size => (uint)UInt128.Min(MostAddresses,
        Ranges.Aggregate(UInt128.Zero, (sum, range) => sum + (range.Last - range.First) + 1));

    /// <summary>The address of that number, counted from 0 through all ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not below the size.</exception>
    public UInt128 this[uint number]
    {
        get
        {
            UInt128 rest = number;
            foreach (var (first, last) in Ranges)
            {
                var size = last - first + 1;
                if (rest < size)
                    return first + rest;
                rest -= size;
            }
            throw new ArgumentOutOfRangeException(nameof(number));
        }
    }
}
