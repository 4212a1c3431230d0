using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>
/// When a member that is dead may be taken out of its cluster, so that another machine can take its place. Nothing is written to it: what
/// answers is reset instead, which wipes it.
/// </summary>
public static class MemberRelease
{
    /// <summary>Why not; null when it may. What cannot be read about etcd is no leave to go (design 3.5).</summary>
    public static Refusal? Refusal(ClusterRecord cluster, string node, ClusterFacts facts)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(facts);
        if (ExclusionLeases.OnlyObserved(cluster) is { } observed)
            return observed;
        if (cluster.Lease is { } lease)
            return No($"{lease.Holder} ({lease.Purpose}) works on cluster {cluster.Metadata.Name} since {lease.AcquireTime:u}; let it finish first.");
        if (cluster.Members.FirstOrDefault(m => m.Node == node) is not { } member)
            return No($"node {node} is no member of cluster {cluster.Metadata.Name}.");
        if (facts.Node(node)?.Observed is not { ApiMode: ApiMode.Unreachable })
            return No($"{member.Hostname} answers: reset it instead, `cozyfleet node reset {member.Hostname}`; that wipes it and lets it leave.");
        return member.Role == Role.ControlPlane ? OfEtcd(cluster, member, facts) : null;
    }

    private static Refusal? OfEtcd(ClusterRecord cluster, ClusterMember member, ClusterFacts facts)
    {
        var others = cluster.Members.Where(m => m.Node != member.Node).Select(m => facts.Node(m.Node)).OfType<NodeRecord>();
        if (EtcdMembers.Healthy(others, facts.Now)?.Observed?.Etcd is not { } etcd)
            return No($"no other control plane of cluster {cluster.Metadata.Name} was seen with a healthy etcd lately.");
        return etcd.Members.FirstOrDefault(m => m.Hostname == member.Hostname) is { } still
            ? No($"{member.Hostname} is still a member of etcd: `cozyfleet cluster remove-member {cluster.Metadata.Name} {still.Id}` first.")
            : null;
    }

    private static Refusal No(string message) => new(RefusalKind.FailedPrecondition, message);
}
