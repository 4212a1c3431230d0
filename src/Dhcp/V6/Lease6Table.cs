using System.IO.Hashing;
using System.Text;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>An IPv6 address in a machine's hands until it expires.</summary>
/// <param name="Client">Who has it: see <see cref="Lease6Table.ClientOf"/>.</param>
/// <param name="Offered">Held for a client that has not chosen yet: never stored.</param>
public sealed record Lease6(UInt128 Address, string Client, DateTimeOffset Expires, bool Declined = false, bool Offered = false);

/// <summary>
/// Who has which IPv6 address. Offers are held in memory for a minute; leases must be stored before the REPLY leaves. The
/// same machine gets the
/// same address, also after a restart.
/// </summary>
/// <remarks>Not safe for several threads: the caller has a lock.</remarks>
public sealed class Lease6Table(IReadOnlyList<Dhcp6Subnet> subnets) : ILeaseTable<Lease6>
{
    private static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuarantineTime = TimeSpan.FromMinutes(10);

    // More are not tried: the pools of this protocol are so wide that one of the first ones is free.
    private const int MostTries = 4096;

    private readonly Dictionary<UInt128, Lease6> byAddress = [];
    private readonly Dictionary<(Dhcp6Subnet Subnet, string Client), UInt128> byClient = [];

    /// <inheritdoc/>
    public int Count => byAddress.Count;

    /// <inheritdoc/>
    public IEnumerable<Lease6> StoredAfter(DateTimeOffset time) => byAddress.Values.Where(lease => !lease.Offered && lease.Expires > time);

    /// <summary>How many addresses are in clients' hands.</summary>
    public int LiveCount(DateTimeOffset now) => byAddress.Values.Count(lease => !lease.Declined && lease.Expires > now);

    /// <summary>
    /// A machine is its network card, as in IPv4: firmware, iPXE and the system have DUIDs of their own. Where the card is
    /// not known, it is the
    /// DUID; a second association of the same machine counts apart.
    /// </summary>
    public static string ClientOf(Dhcp6Request request, int association)
    {
        ArgumentNullException.ThrowIfNull(request);
        var name = request.Mac?.ToString() ?? Convert.ToHexStringLower(request.ClientId);
        return association == 0 ? name : $"{name}/{association}";
    }

    /// <summary>The subnet of a relay's link, or the local link's, which the first one stands for.</summary>
    public Dhcp6Subnet? SubnetOf(UInt128 link) => link == 0 ? subnets is [var first, ..] ? first : null
        : subnets.FirstOrDefault(subnet => subnet.Contains(link));

    /// <inheritdoc/>
    public void Restore(Lease6 lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        byAddress[lease.Address] = lease;
        if (!lease.Declined && subnets.FirstOrDefault(subnet => subnet.Contains(lease.Address)) is { } subnet)
            byClient[(subnet, lease.Client)] = lease.Address;
    }

    /// <summary>Chooses an address and holds it; null when none is free.</summary>
    /// <param name="wished">What the client would like; 0 for nothing.</param>
    public UInt128? Offer(string client, Dhcp6Subnet subnet, UInt128 wished, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(subnet);
        if (Choose(client, subnet, wished, now) is not { } address)
            return null;
        // A lease that still runs stays what it is.
        if (!Holds(client, address, now))
            Restore(new(address, client, now + HoldTime, Offered: true));
        return address;
    }

    /// <summary>The lease to store; null when the address is somebody else's, or none of ours.</summary>
    public Lease6? Grant(string client, Dhcp6Subnet subnet, UInt128 address, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(subnet);
        return subnet.Leases(address) && IsFreeFor(client, address, now) ? new(address, client, now + subnet.LeaseTime) : null;
    }

    /// <summary>The client's own, and not over.</summary>
    public bool Holds(string client, UInt128 address, DateTimeOffset now) =>
        byAddress.TryGetValue(address, out var lease) && lease is { Offered: false, Declined: false }
            && lease.Client == client && lease.Expires > now;

    /// <summary>Ends a lease; the client gets the same address when it comes back. The result must be stored.</summary>
    public static Lease6 Release(string client, UInt128 address, DateTimeOffset now) => new(address, client, now);

    /// <summary>Somebody else uses it: nobody gets it for a while. The result must be stored.</summary>
    public static Lease6 Decline(string client, UInt128 address, DateTimeOffset now) => new(address, client, now
        + QuarantineTime, Declined: true);

    private UInt128? Choose(string client, Dhcp6Subnet subnet, UInt128 wished, DateTimeOffset now)
    {
        if (byClient.TryGetValue((subnet, client), out var former) && subnet.Leases(former) && IsFreeFor(client, former, now))
            return former;
        if (subnet.Leases(wished) && IsFreeFor(client, wished, now))
            return wished;
        var size = subnet.Size;
        if (size == 0)
            return null;
        // Where the search begins is the client's: a table that was lost gives most machines their addresses again.
        var start = (uint)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(client)) % size);
        for (uint step = 0; step < size && step < MostTries; step++)
        {
            var address = subnet[(uint)(((ulong)start + step) % size)];
            if (IsFreeFor(client, address, now))
                return address;
        }
        return null;
    }

    private bool IsFreeFor(string client, UInt128 address, DateTimeOffset now) =>
        !byAddress.TryGetValue(address, out var lease) || lease.Expires <= now || (!lease.Declined && lease.Client == client);
}
