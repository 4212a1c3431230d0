using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>Which control plane is asked about etcd as a whole.</summary>
public static class EtcdMembers
{
    /// <summary>
    /// A control plane whose etcd was seen healthy lately, rather not the leader, which has enough to do; null when there is none. It does
    /// not ask for a quorum: a cluster that lost it needs its snapshot most.
    /// </summary>
    /// <param name="except">A member that is not to be asked, by its etcd id; 0 for none.</param>
    public static NodeRecord? Healthy(IEnumerable<NodeRecord> members, DateTimeOffset now, ulong except = 0) => members
        .Where(node => IsHealthy(node, now) && node.Observed!.Etcd!.MemberId != except)
        .OrderBy(node => node.Observed!.Etcd!.LeaderId == node.Observed.Etcd.MemberId ? 1 : 0)
        .ThenBy(node => node.Metadata.Name, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>Its etcd answered lately, votes, and complains of nothing.</summary>
    public static bool IsHealthy(NodeRecord node, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node is { Allocation.Role: Role.ControlPlane, Observed: { } seen }
            && seen.Etcd is { Reachable: true, IsLearner: false, Errors.Count: 0 }
            && now - seen.Time <= Rollouts.RolloutFacts.Freshness;
    }
}
