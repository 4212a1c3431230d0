namespace Cozy.Fleet.Dhcp;

/// <summary>What a lease store needs of a table of leases, of either version.</summary>
public interface ILeaseTable<TLease>
{
    /// <summary>How many addresses it knows of.</summary>
    int Count { get; }

    /// <summary>Leases, and addresses that rest, whose time ends later than this; no offers.</summary>
    IEnumerable<TLease> StoredAfter(DateTimeOffset time);

    /// <summary>Takes a lease as it was stored.</summary>
    void Restore(TLease lease);
}
