namespace Cozy.Fleet.Domain.Clusters;

/// <summary>The one lock of a cluster (design 3.3). It has no expiry: it ends when its holder's work is resolved (rollouts.md 3.4).</summary>
public static class ExclusionLeases
{
    /// <summary>Takes the lease with a higher fencing number than any before; the present holder keeps the one it has.</summary>
    public static Answer<ClusterRecord> Acquire(ClusterRecord cluster, string holder, string purpose, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (OnlyObserved(cluster) is { } observed)
            return observed;
        if (cluster.Lease is { } held)
        {
            return held.Holder == holder ? cluster : new Refusal(RefusalKind.FailedPrecondition,
                $"cluster {cluster.Metadata.Name} is held by {held.Holder} ({held.Purpose}) since {held.AcquireTime:u}; finish or abort that first.");
        }
        var number = cluster.FencingNumber + 1;
        return cluster with { FencingNumber = number, Lease = new(holder, purpose, number, now) };
    }

    /// <summary>Why nobody works on a cluster that was only taken over to be looked at; null when it is managed.</summary>
    public static Refusal? OnlyObserved(ClusterRecord cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.Spec.Management != Management.Observed ? null : new(RefusalKind.FailedPrecondition,
            $"cluster {cluster.Metadata.Name} is only observed; let it be managed first: spec.management MANAGEMENT_MANAGED.", "spec.management");
    }

    /// <summary>Gives the lease back; nothing happens when somebody else holds it.</summary>
    public static ClusterRecord Release(ClusterRecord cluster, string holder)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return cluster.Lease?.Holder == holder ? cluster with { Lease = null } : cluster;
    }
}
