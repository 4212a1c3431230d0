using System.IO.Hashing;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>A subnet that we lease addresses of.</summary>
/// <param name="Ranges">Inclusive.</param>
/// <param name="ServerAddress">Our own address, as server identifier.</param>
public sealed record DhcpSubnet(DhcpNetwork Network, IReadOnlyList<(uint First, uint Last)> Ranges, uint ServerAddress);

/// <summary>An address that belongs to one machine.</summary>
public sealed record Reservation(MacAddress Mac, uint Address, string HostName = "");

/// <summary>An address in a client's hands until it expires.</summary>
/// <param name="Client">The client's key: its identifier, or its MAC address.</param>
public sealed record Lease(uint Address, string Client, MacAddress Mac, DateTimeOffset Expires, bool Declined = false);

/// <summary>
/// Who has which address. Offers are held in memory for a minute; leases must be stored before the ACK leaves
/// (netboot.md 11). The same client gets the same address, also after a restart.
/// </summary>
/// <remarks>Not safe for several threads: the caller has a lock.</remarks>
public sealed class LeaseTable(IReadOnlyList<DhcpSubnet> subnets, IReadOnlyList<Reservation> reservations)
{
    private static readonly TimeSpan HoldTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuarantineTime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<uint, Lease> byAddress = [];
    private readonly Dictionary<string, uint> byClient = [];
    private readonly ILookup<MacAddress, Reservation> reservationsOf = reservations.ToLookup(r => r.Mac);
    private readonly HashSet<uint> reserved = [.. reservations.Select(r => r.Address)];

    /// <summary>Leases that were stored, and what was declined; offers as well.</summary>
    public IReadOnlyCollection<Lease> Leases => byAddress.Values;

    /// <summary>How many addresses are in clients' hands, offers included.</summary>
    public int LiveCount(DateTimeOffset now) => byAddress.Values.Count(l => !l.Declined && l.Expires > now);

    /// <summary>
    /// The client's identity: its identifier when it sends one (RFC 2131 2), else its MAC address. Firmware, iPXE and the
    /// system often send different ones, so one machine may have several leases; reservations go by MAC address.
    /// </summary>
    public static string ClientKey(DhcpRequest request) =>
        request.ClientIdentifier is { } id ? "id:" + Convert.ToHexStringLower(id) : "mac:" + request.Mac;

    /// <summary>The subnet of a relay or link address; 0 is the local link, which the first subnet stands for.</summary>
    public DhcpSubnet? SubnetOf(DhcpRequest request) => request.SubnetAddress == 0
        ? subnets.FirstOrDefault(s => request.ClientAddress == 0 || s.Network.Contains(request.ClientAddress))
        : subnets.FirstOrDefault(s => s.Network.Contains(request.SubnetAddress));

    /// <summary>Takes a lease as it was stored.</summary>
    public void Restore(Lease lease)
    {
        Drop(lease.Address);
        byAddress[lease.Address] = lease;
        byClient[lease.Client] = lease.Address;
    }

    /// <summary>Chooses an address and holds it; null when none is free.</summary>
    public uint? Offer(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now)
    {
        var client = ClientKey(request);
        var address = ReservedFor(request.Mac, subnet, now) ?? Present(client, subnet, now)
            ?? Wished(request, subnet, now) ?? FirstFree(client, subnet, now);
        if (address is { } chosen && !(byAddress.TryGetValue(chosen, out var held) && held.Client == client && held.Expires > now + HoldTime))
            Restore(new(chosen, client, request.Mac, now + HoldTime));
        return address;
    }

    /// <summary>The lease to store when the client may have the address; null when it may not.</summary>
    public Lease? Grant(DhcpRequest request, uint address, DhcpSubnet subnet, DateTimeOffset now)
    {
        var client = ClientKey(request);
        var allowed = ReservedFor(request.Mac, subnet, now) is { } mine ? mine == address : IsLeasable(address, subnet) && IsFreeFor(client, address, now);
        return allowed ? new(address, client, request.Mac, now + subnet.Network.LeaseTime) : null;
    }

    /// <summary>True when this client has this address, offered or leased.</summary>
    public bool Holds(DhcpRequest request, uint address, DateTimeOffset now) =>
        byAddress.TryGetValue(address, out var lease) && !lease.Declined && lease.Expires > now && lease.Client == ClientKey(request);

    /// <summary>True when anything is known of this client.</summary>
    public bool Knows(DhcpRequest request, DhcpSubnet subnet) =>
        byClient.ContainsKey(ClientKey(request)) || OwnOf(request.Mac, subnet) is not null;

    /// <summary>Forgets an offer: the client chose another server.</summary>
    public void Withdraw(DhcpRequest request)
    {
        if (byClient.TryGetValue(ClientKey(request), out var address))
            Drop(address);
    }

    /// <summary>The lease to store so that the address rests: somebody else uses it.</summary>
    public static Lease Decline(uint address, MacAddress mac, DateTimeOffset now) =>
        new(address, $"declined:{address}", mac, now + QuarantineTime, Declined: true);

    /// <summary>The host name of a reservation; empty without one.</summary>
    public string HostNameOf(MacAddress mac) => reservationsOf[mac].FirstOrDefault()?.HostName ?? "";

    private void Drop(uint address)
    {
        if (byAddress.Remove(address, out var old) && byClient.GetValueOrDefault(old.Client) == address)
            byClient.Remove(old.Client);
    }

    private Reservation? OwnOf(MacAddress mac, DhcpSubnet subnet) =>
        reservationsOf[mac].FirstOrDefault(r => subnet.Network.Contains(r.Address));

    // A machine's own address, unless somebody else sits on it: until that ends it gets another one, and never the same twice.
    // Its firmware, iPXE and system count as one, whatever client ids they send.
    private uint? ReservedFor(MacAddress mac, DhcpSubnet subnet, DateTimeOffset now) =>
        OwnOf(mac, subnet) is { } own
        && (!byAddress.TryGetValue(own.Address, out var lease) || lease.Expires <= now || (!lease.Declined && lease.Mac == mac))
            ? own.Address : null;

    private uint? Present(string client, DhcpSubnet subnet, DateTimeOffset now) =>
        byClient.TryGetValue(client, out var address) && IsLeasable(address, subnet) && IsFreeFor(client, address, now) ? address : null;

    private uint? Wished(DhcpRequest request, DhcpSubnet subnet, DateTimeOffset now) =>
        request.RequestedAddress is not 0 and var wish && IsLeasable(wish, subnet) && IsFreeFor(ClientKey(request), wish, now)
            ? wish : null;

    // The place to start at follows from the client alone, so that lost leases still lead to the same addresses.
    private uint? FirstFree(string client, DhcpSubnet subnet, DateTimeOffset now)
    {
        var total = subnet.Ranges.Sum(r => (long)r.Last - r.First + 1);
        if (total == 0)
            return null;
        var start = (long)(XxHash3.HashToUInt64(System.Text.Encoding.ASCII.GetBytes(client)) % (ulong)total);
        for (long i = 0; i < total; i++)
        {
            var address = Nth(subnet, (start + i) % total);
            if (IsLeasable(address, subnet) && IsFreeFor(client, address, now))
                return address;
        }
        return null;
    }

    private static uint Nth(DhcpSubnet subnet, long index)
    {
        foreach (var (first, last) in subnet.Ranges)
        {
            var size = (long)last - first + 1;
            if (index < size)
                return (uint)(first + index);
            index -= size;
        }
        throw new ArgumentOutOfRangeException(nameof(index));
    }

    private bool IsLeasable(uint address, DhcpSubnet subnet) =>
        subnet.Ranges.Any(r => address >= r.First && address <= r.Last)
        && address != subnet.Network.Network && address != subnet.Network.Broadcast
        && address != subnet.ServerAddress && address != subnet.Network.Router
        && !reserved.Contains(address);

    private bool IsFreeFor(string client, uint address, DateTimeOffset now) =>
        !byAddress.TryGetValue(address, out var lease) || lease.Expires <= now || (!lease.Declined && lease.Client == client);
}
