using System.Buffers.Binary;
using System.IO.Hashing;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>A subnet that we lease addresses of.</summary>
/// <param name="Ranges">Inclusive.</param>
/// <param name="ServerAddress">Our own address, as server identifier.</param>
public sealed record DhcpSubnet(DhcpNetwork Network, IReadOnlyList<(uint First, uint Last)> Ranges, uint ServerAddress)
{
    public OptionSet Options { get; init; } = OptionSet.Empty;

    /// <summary>Whether the address is in one of the ranges.</summary>
    public bool IsInRange(uint address)
    {
        for (var i = 0; i < Ranges.Count; i++)
        {
            if (address >= Ranges[i].First && address <= Ranges[i].Last)
                return true;
        }
        return false;
    }

    /// <summary>Whether the address is one of the subnet's routers (option 3), which no machine may have.</summary>
    public bool IsRouter(uint address)
    {
        var routers = Options[DhcpOption.Routers]?.Bytes ?? [];
        for (var at = 0; at + 4 <= routers.Length; at += 4)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(routers.AsSpan(at)) == address)
                return true;
        }
        return false;
    }
}

/// <summary>An address in a machine's hands until it expires.</summary>
/// <param name="Offered">Held for a client that has not chosen yet: never stored.</param>
public readonly record struct Lease(uint Address, MacAddress Mac, DateTimeOffset Expires, bool Declined = false, bool Offered = false);

/// <summary>An address that is held for a client.</summary>
/// <param name="IsFresh">It was not this client's until now, and nobody said that it should be.</param>
public readonly record struct LeaseOffer(uint Address, bool IsFresh);

/// <summary>
/// Who has which address. Offers are held in memory for a minute; leases must be stored before the ACK leaves
/// (netboot.md 11). The same machine gets the same address, also after a restart.
/// A machine is its network card: firmware, iPXE and the system send different client ids or none, and Talos' id changes with
/// its install; by the ids of RFC 2131 one power-on would eat three addresses. Client ids only choose reservations.
/// </summary>
/// <remarks>Not safe for several threads: the caller has a lock.</remarks>
public sealed class LeaseTable : ILeaseTable<Lease>
{
    private static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuarantineTime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<uint, Lease> byAddress = [];
    private readonly Dictionary<MacAddress, uint> byMachine = [];
    private readonly DhcpSubnet[] subnets;
    private readonly Reservations<uint> reservations;
    private readonly Dictionary<DhcpSubnet, AddressPool> pools;

    // When to look at an address next, once for each: a lease that was renewed meanwhile is looked at again when it ends.
    private readonly PriorityQueue<uint, DateTimeOffset> expiring = new();
    private readonly Dictionary<uint, DateTimeOffset> lookAt = [];

    public LeaseTable(IReadOnlyList<DhcpSubnet> subnets, IReadOnlyList<Reservation<uint>> reservations)
    {
        (this.subnets, this.reservations) = ([.. subnets], new(reservations));
        pools = subnets.ToDictionary(s => s, PoolOf);
    }

    /// <inheritdoc/>
    public int Count => byAddress.Count;

    /// <inheritdoc/>
    public IEnumerable<Lease> StoredAfter(DateTimeOffset time) => byAddress.Values.Where(l => !l.Offered && l.Expires > time);

    /// <summary>The addresses that are in clients' hands or rest after a DECLINE, in order.</summary>
    public IReadOnlyList<Lease> List(DateTimeOffset now) => [.. StoredAfter(now).OrderBy(l => l.Address)];

    /// <summary>What is known of an address; null when it never was anybody's.</summary>
    public Lease? At(uint address) => byAddress.TryGetValue(address, out var lease) ? lease : null;

    /// <summary>Ends a lease or a quarantine by an operator's word; the result must be stored. Null when there is none.</summary>
    public Lease? Release(uint address, DateTimeOffset now)
    {
        if (!byAddress.TryGetValue(address, out var lease) || lease.Offered || lease.Expires <= now)
            return null;
        var ended = lease with { Expires = now, Declined = false };
        Restore(ended);
        return ended;
    }

    /// <summary>How many addresses are in clients' hands, offers included.</summary>
    public int LiveCount(DateTimeOffset now) => byAddress.Values.Count(l => !l.Declined && l.Expires > now);

    /// <summary>The subnet of a relay or link address; 0 is the local link, which the first subnet stands for.</summary>
    public DhcpSubnet? SubnetOf(DhcpRequest request)
    {
        var address = request.SubnetAddress != 0 ? request.SubnetAddress : request.ClientAddress;
        foreach (var subnet in subnets)
        {
            if (address == 0 || subnet.Network.Contains(address))
                return subnet;
        }
        return null;
    }

    /// <summary>The local link's own subnet.</summary>
    public DhcpSubnet? LocalSubnet => subnets is [var first, ..] ? first : null;

    /// <inheritdoc/>
    public void Restore(Lease lease)
    {
        Drop(lease.Address);
        byAddress[lease.Address] = lease;
        Mark(lease.Address, taken: true);
        LookAt(lease.Address, lease.Expires);
        if (!lease.Declined)
            byMachine[lease.Mac] = lease.Address;
    }

    /// <summary>Chooses an address and holds it; null when none is free.</summary>
    public LeaseOffer? Offer(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now)
    {
        EndExpired(now);
        var reserved = ReservedFor(request, subnet, now);
        if ((reserved ?? Present(request.Mac, subnet, now) ?? Wished(request, subnet, now) ?? FirstFree(request.Mac, subnet, now)) is not { } chosen)
            return null;
        Lease? held = byAddress.TryGetValue(chosen, out var lease) && lease.Mac == request.Mac && lease.Expires > now ? lease : null;
        // A lease that still runs stays what it is: an offer on top of it must not be withdrawn later and take it along.
        if (held is null or { Offered: true })
            Restore(new(chosen, request.Mac, now + HoldTime, Offered: true));
        // A reserved address is its machine's by an operator's word.
        return new(chosen, IsFresh: held is null && reserved is null);
    }

    /// <summary>The lease to store when the client may have the address; null when it may not.</summary>
    public Lease? Grant(DhcpRequest request, uint address, DhcpSubnet subnet, DateTimeOffset now)
    {
        EndExpired(now);
        var allowed = ReservedFor(request, subnet, now) is { } mine
            ? mine == address : IsLeasable(address, subnet) && IsFreeFor(request.Mac, address, now);
        return allowed ? new(address, request.Mac, now + subnet.Network.LeaseTime) : null;
    }

    /// <summary>True when this client has this address, offered or leased.</summary>
    public bool Holds(DhcpRequest request, uint address, DateTimeOffset now) =>
        byAddress.TryGetValue(address, out var lease) && !lease.Declined && lease.Expires > now && lease.Mac == request.Mac;

    /// <summary>True when anything is known of this client.</summary>
    public bool Knows(DhcpRequest request, DhcpSubnet subnet) =>
        byMachine.ContainsKey(request.Mac) || OwnOf(request, subnet) is not null;

    /// <summary>Forgets an offer: the client chose another server. A lease that was acknowledged runs on until it ends.</summary>
    public void Withdraw(DhcpRequest request)
    {
        if (byMachine.TryGetValue(request.Mac, out var address) && byAddress.TryGetValue(address, out var lease) && lease.Offered)
            Drop(address);
    }

    /// <summary>The lease to store so that the address rests: somebody else uses it.</summary>
    public static Lease Decline(uint address, MacAddress mac, DateTimeOffset now) =>
        new(address, mac, now + QuarantineTime, Declined: true);

    private void Drop(uint address)
    {
        if (!byAddress.Remove(address, out var old))
            return;
        Mark(address, taken: false);
        if (byMachine.GetValueOrDefault(old.Mac) == address)
            byMachine.Remove(old.Mac);
    }

    /// <summary>
    /// The client's reservation. What a request does not say (a system sends no UUID, a renewal passes no relay) the lease remembers:
    /// who got a reserved address once by a UUID, a client id or a port is known by its card from then on.
    /// </summary>
    public Reservation<uint>? OwnOf(DhcpRequest request, DhcpSubnet subnet) =>
        reservations.Of(request, subnet.Network.Contains)
        ?? (byMachine.TryGetValue(request.Mac, out var had) && subnet.Network.Contains(had) && reservations.At(had) is { Mac: null } own ? own : null);

    // A machine's own address, unless somebody else sits on it: until that ends it gets another one, and never the same twice.
    // Its firmware, iPXE and system count as one, whatever client ids they send.
    private uint? ReservedFor(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now) =>
        OwnOf(request, subnet) is { } own && IsFreeFor(request.Mac, own.Address, now) ? own.Address : null;

    private uint? Present(MacAddress mac, DhcpSubnet subnet, DateTimeOffset now) =>
        byMachine.TryGetValue(mac, out var address) && IsLeasable(address, subnet) && IsFreeFor(mac, address, now) ? address : null;

    private uint? Wished(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now) =>
        request.RequestedAddress is not 0 and var wish && IsLeasable(wish, subnet) && IsFreeFor(request.Mac, wish, now)
            ? wish : null;

    // The place to start at follows from the client alone, so that lost leases still lead to the same addresses. What the pool says is
    // looked at once more: it may be wrong when the clock was set back.
    private uint? FirstFree(MacAddress mac, DhcpSubnet subnet, DateTimeOffset now)
    {
        var pool = pools[subnet];
        if (pool.Size == 0)
            return null;
        Span<byte> bytes = stackalloc byte[6];
        mac.WriteTo(bytes);
        var start = (int)(XxHash3.HashToUInt64(bytes) % (ulong)pool.Size);
        while (pool.NextFree(start) is >= 0 and var index)
        {
            if (IsFreeFor(mac, pool[index], now))
                return pool[index];
            pool.Take(index);
            LookAt(pool[index], byAddress[pool[index]].Expires);
        }
        return null;
    }

    private AddressPool PoolOf(DhcpSubnet subnet)
    {
        var pool = new AddressPool(subnet.Ranges);
        for (var i = 0; i < pool.Size; i++)
        {
            if (IsLeasable(pool[i], subnet))
                pool.Free(i);
        }
        return pool;
    }

    // Leases end without a word: those whose time is over are free again, unless they were renewed.
    private void EndExpired(DateTimeOffset now)
    {
        while (expiring.TryPeek(out var address, out var expires) && expires <= now)
        {
            expiring.Dequeue();
            if (lookAt.GetValueOrDefault(address) != expires)
                continue; // It was looked at earlier, or will be.
            lookAt.Remove(address);
            if (byAddress.TryGetValue(address, out var lease) && lease.Expires > now)
                LookAt(address, lease.Expires);
            else
                Mark(address, taken: false);
        }
    }

    private void LookAt(uint address, DateTimeOffset expires)
    {
        if (lookAt.TryGetValue(address, out var earlier) && earlier <= expires)
            return;
        lookAt[address] = expires;
        expiring.Enqueue(address, expires);
    }

    private void Mark(uint address, bool taken)
    {
        foreach (var (subnet, pool) in pools)
        {
            if (pool.IndexOf(address) is not (>= 0 and var index))
                continue;
            if (taken)
                pool.Take(index);
            else if (IsLeasable(address, subnet))
                pool.Free(index);
        }
    }

    private bool IsLeasable(uint address, DhcpSubnet subnet) =>
        subnet.IsInRange(address)
        && address != subnet.Network.Network && address != subnet.Network.Broadcast
        && address != subnet.ServerAddress && !subnet.IsRouter(address)
        // Old clients take every address that ends so for a network or a broadcast, also inside a larger network (netboot.md 11).
        && (subnet.Network.PrefixLength >= 24 || (address & 0xff) is not (0 or 0xff))
        && reservations.At(address) is null;

    private bool IsFreeFor(MacAddress mac, uint address, DateTimeOffset now) =>
        !byAddress.TryGetValue(address, out var lease) || lease.Expires <= now || (!lease.Declined && lease.Mac == mac);
}
