using System.IO.Hashing;
using System.Text;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.V6;

/// <summary>An IPv6 address in a machine's hands until it expires.</summary>
/// <param name="Client">Who has it: see <see cref="Dhcp6Claim.Client"/>.</param>
/// <param name="Offered">Held for a client that has not chosen yet: never stored.</param>
public sealed record Lease6(UInt128 Address, string Client, DateTimeOffset Expires, bool Declined = false, bool Offered = false)
{
    // As text; a DUID in hexadecimal has an even length.
    private const int MacLength = 17;

    /// <summary>The DUID by which the client asked last, in hexadecimal; empty when nobody wrote it down.</summary>
    public string Duid { get; init; } = "";

    /// <summary>The client's own number of the association (IAID).</summary>
    public uint Association { get; init; }

    /// <summary>The network card; null for a client that is known by its DUID alone.</summary>
    public MacAddress? Mac => Client.Split('/')[0] is { Length: MacLength } name && MacAddress.TryParse(name, out var mac) ? mac : null;
}

/// <summary>Who wants an address.</summary>
/// <param name="Client">
/// A machine is its network card, as in IPv4: firmware, iPXE and the system have DUIDs of their own. Where the card is not known, it is the
/// DUID in hexadecimal. A second association of the same machine counts apart, as <c>/1</c> behind it.
/// </param>
/// <param name="Own">What is reserved for it; null when nothing is.</param>
public sealed record Dhcp6Claim(string Client, Dhcp6Subnet Subnet, Reservation<UInt128>? Own)
{
    /// <summary>As in <see cref="Lease6"/>.</summary>
    public string Duid { get; init; } = "";

    /// <summary>As in <see cref="Lease6"/>.</summary>
    public uint Association { get; init; }

    internal Lease6 Lease(UInt128 address, DateTimeOffset expires) =>
        new(address, Client, expires) { Duid = Duid, Association = Association };
}

/// <summary>
/// Who has which IPv6 address. Offers are held in memory for a minute; leases must be stored before the REPLY leaves. The same machine gets
/// the same address, also after a restart.
/// </summary>
/// <remarks>Not safe for several threads: the caller has a lock.</remarks>
public sealed class Lease6Table(IReadOnlyList<Dhcp6Subnet> subnets, IReadOnlyList<Reservation<UInt128>> reserved) : ILeaseTable<Lease6>
{
    private static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuarantineTime = TimeSpan.FromMinutes(10);

    // More are not tried: the pools of this protocol are so wide that one of the first ones is free.
    private const int MostTries = 4096;

    // As many as an IPv4 /16 has. A stranger can invent clients without end, and the pools are too wide to run out.
    private const int MostKept = 1 << 16;

    private static readonly TimeSpan SweepPause = TimeSpan.FromMinutes(1);

    private readonly Dictionary<UInt128, Lease6> byAddress = [];
    private readonly Dictionary<(Dhcp6Subnet Subnet, string Client), UInt128> byClient = [];
    private readonly Reservations<UInt128> reservations = new(reserved);
    private DateTimeOffset swept;

    /// <inheritdoc/>
    public int Count => byAddress.Count;

    /// <inheritdoc/>
    public IEnumerable<Lease6> StoredAfter(DateTimeOffset time) => byAddress.Values.Where(lease => !lease.Offered && lease.Expires > time);

    /// <summary>The addresses that are in clients' hands or rest after a DECLINE, in order.</summary>
    public IReadOnlyList<Lease6> List(DateTimeOffset now) => [.. StoredAfter(now).OrderBy(lease => lease.Address)];

    /// <summary>How many addresses are in clients' hands, offers included.</summary>
    public int LiveCount(DateTimeOffset now) => byAddress.Values.Count(lease => !lease.Declined && lease.Expires > now);

    /// <summary>The subnet of an address, such as that of a relay's link; of 0 the local link's, which the first one stands for.</summary>
    public Dhcp6Subnet? SubnetOf(UInt128 link) => link == 0 ? subnets is [var first, ..] ? first : null
        : subnets.FirstOrDefault(subnet => subnet.Contains(link));

    /// <summary>What a request wants, association by association. A reservation is for the first one.</summary>
    public IEnumerable<(Dhcp6Association Association, Dhcp6Claim Claim)> ClaimsOf(Dhcp6Request request, Dhcp6Subnet subnet)
    {
        ArgumentNullException.ThrowIfNull(request);
        var duid = Convert.ToHexStringLower(request.ClientId);
        var name = request.Mac?.ToString() ?? duid;
        var own = OwnOf(request, subnet);
        return request.Associations.Select((association, index) => (association,
            new Dhcp6Claim(index == 0 ? name : $"{name}/{index}", subnet, index == 0 ? own : null)
            { Duid = duid, Association = association.Id }));
    }

    /// <summary>
    /// The client's reservation. What a request does not say (systems have DUIDs without the UUID, a renewal may pass no relay) the lease
    /// remembers: who got a reserved address once by another sign is known by its card from then on.
    /// </summary>
    public Reservation<UInt128>? OwnOf(Dhcp6Request request, Dhcp6Subnet subnet)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(subnet);
        return reservations.Of(request, subnet.Contains)
            ?? (request.Mac is { } mac && byClient.TryGetValue((subnet, mac.ToString()), out var had)
                && reservations.At(had) is { Mac: null } own ? own : null);
    }

    /// <inheritdoc/>
    public void Restore(Lease6 lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (At(lease.Address) is { } former && former.Client != lease.Client)
            Forget(former);
        byAddress[lease.Address] = lease;
        if (!lease.Declined && SubnetOf(lease.Address) is { } subnet)
            byClient[(subnet, lease.Client)] = lease.Address;
    }

    /// <summary>Chooses an address and holds it; null when none is free, or too many are held already.</summary>
    /// <param name="wished">What the client would like; 0 for nothing.</param>
    public UInt128? Offer(Dhcp6Claim claim, UInt128 wished, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(claim);
        if (Choose(claim, wished, now) is not { } address || !HasRoom(claim, address, now))
            return null;
        // A lease that still runs stays what it is.
        if (!Holds(claim.Client, address, now))
            Restore(claim.Lease(address, now + HoldTime) with { Offered = true });
        return address;
    }

    /// <summary>The lease to store; null when the address is somebody else's or none of ours, or too many are held already.</summary>
    public Lease6? Grant(Dhcp6Claim claim, UInt128 address, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(claim);
        var allowed = ReservedFor(claim, now) is { } mine ? mine == address
            : IsLeasable(address, claim.Subnet) && IsFreeFor(claim.Client, address, now);
        return allowed && HasRoom(claim, address, now) ? claim.Lease(address, now + claim.Subnet.LeaseTime) : null;
    }

    /// <summary>The claim's reserved address, unless somebody else sits on it: until that ends it gets another one.</summary>
    public UInt128? ReservedFor(Dhcp6Claim claim, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(claim);
        return claim.Own is { } own && IsFreeFor(claim.Client, own.Address, now) ? own.Address : null;
    }

    /// <summary>What is known of an address; null when it never was anybody's.</summary>
    public Lease6? At(UInt128 address) => byAddress.GetValueOrDefault(address);

    /// <summary>The client's own lease of that address, when it is not over.</summary>
    public Lease6? LeaseOf(string client, UInt128 address, DateTimeOffset now) =>
        At(address) is { Offered: false, Declined: false } lease && lease.Client == client && lease.Expires > now ? lease : null;

    private bool Holds(string client, UInt128 address, DateTimeOffset now) => LeaseOf(client, address, now) is not null;

    /// <summary>Ends a lease or a quarantine by an operator's word; the result must be stored. Null when there is none.</summary>
    public Lease6? Release(UInt128 address, DateTimeOffset now)
    {
        if (At(address) is not { Offered: false } lease || lease.Expires <= now)
            return null;
        var ended = Release(lease, now);
        Restore(ended);
        return ended;
    }

    /// <summary>The lease at its end; the client gets the same address when it comes back. It must be stored.</summary>
    public static Lease6 Release(Lease6 lease, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return lease with { Expires = now, Declined = false };
    }

    /// <summary>Somebody else uses it: nobody gets it for a while. It must be stored.</summary>
    public static Lease6 Decline(Lease6 lease, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return lease with { Expires = now + QuarantineTime, Declined = true };
    }

    private UInt128? Choose(Dhcp6Claim claim, UInt128 wished, DateTimeOffset now)
    {
        var (client, subnet, _) = claim;
        if (ReservedFor(claim, now) is { } own)
            return own;
        if (byClient.TryGetValue((subnet, client), out var former) && IsFree(former))
            return former;
        if (IsFree(wished))
            return wished;
        // Where the search begins is the client's: a table that was lost gives most machines their addresses again.
        var size = subnet.Size;
        var start = size == 0 ? 0 : (uint)(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(client)) % size);
        for (uint step = 0; step < size && step < MostTries; step++)
        {
            if (subnet[(uint)(((ulong)start + step) % size)] is var address && IsFree(address))
                return address;
        }
        return null;

        bool IsFree(UInt128 address) => IsLeasable(address, subnet) && IsFreeFor(client, address, now);
    }

    // Those that are over are kept for their clients' sake, until there is no room for others. Reservations always have room.
    private bool HasRoom(Dhcp6Claim claim, UInt128 address, DateTimeOffset now)
    {
        if (byAddress.Count < MostKept || byAddress.ContainsKey(address) || claim.Own?.Address == address)
            return true;
        if (now - swept < SweepPause)
            return false;
        swept = now;
        foreach (var over in byAddress.Values.Where(lease => lease.Expires <= now).ToList())
            Forget(over);
        return byAddress.Count < MostKept;
    }

    private void Forget(Lease6 lease)
    {
        byAddress.Remove(lease.Address);
        if (SubnetOf(lease.Address) is { } subnet && byClient.GetValueOrDefault((subnet, lease.Client)) == lease.Address)
            byClient.Remove((subnet, lease.Client));
    }

    private bool IsLeasable(UInt128 address, Dhcp6Subnet subnet) => subnet.Leases(address) && reservations.At(address) is null;

    private bool IsFreeFor(string client, UInt128 address, DateTimeOffset now) =>
        At(address) is not { } lease || lease.Expires <= now || (!lease.Declined && lease.Client == client);
}
