using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Domain.Operations;

/// <summary>
/// When a member that is dead may be taken out of its cluster, so that another machine can take its place, and what it is taken out of
/// first. Nothing is written to the machine: what answers is reset instead, which wipes it.
/// </summary>
internal static class MemberRelease
{
    /// <summary>Why not; null when it may. That it is dead wants proof (design 3.5): what ran on it starts elsewhere afterwards.</summary>
    public static Refusal? Refusal(NodeRecord node, OperationFacts facts)
    {
        var host = node.Allocation!.Hostname;
        if (node.Observed is not { } seen || facts.Now - seen.Time > RolloutFacts.Freshness)
        {
            return No($"nobody looked at node {host} within {RolloutFacts.Freshness.TotalSeconds:0} s, so that it may well be alive: "
                + $"see what rack {node.Rack} waits for.");
        }
        if (seen.ApiMode != ApiMode.Unreachable)
            return No($"node {host} answers: reset it instead, `cozyfleet node reset {host}`; that wipes it and lets it leave.");
        if (seen.Kubernetes is { Ready: true })
        {
            return No($"node {host} does not answer the agent, but Kubernetes says that it is Ready: its kubelet is alive, or fell silent "
                + "a moment ago. Look at its network; when it is switched off for good, try again in a minute.");
        }
        return OfEtcd(node, facts);
    }

    /// <summary>What etcd still lists it as, and a member that is well and can take it out; null when it is not listed.</summary>
    public static (EtcdMember Dead, NodeRecord By)? InEtcd(NodeRecord node, OperationFacts facts)
    {
        var by = EtcdMembers.Healthy(facts.Members.Where(n => n != node), facts.Now);
        var listed = by?.Observed!.Etcd!.Members.FirstOrDefault(m => m.Hostname == node.Allocation!.Hostname);
        return listed is null ? null : (listed, by!);
    }

    // A cluster that was never bootstrapped has no etcd yet.
    private static Refusal? OfEtcd(NodeRecord node, OperationFacts facts)
    {
        if (node.Allocation!.Role != Role.ControlPlane || facts.Cluster is { BootstrapNode: "", BootstrapTime: null })
            return null;
        var well = facts.Members.Where(n => n != node && EtcdMembers.IsHealthy(n, facts.Now)).ToArray();
        if (well.Length == 0)
            return No($"no other control plane of cluster {facts.Cluster!.Metadata.Name} was seen with a healthy etcd lately.");
        var left = well[0].Observed!.Etcd!.Members.Count(m => m.Hostname != node.Allocation.Hostname);
        return well.Length > left / 2 ? null : No(
            $"{well.Length} of the {left} other members of etcd were seen healthy lately, which is no majority: etcd could not go on "
            + $"without {node.Allocation.Hostname}. Bring the others back first.");
    }

    private static Refusal No(string message) => new(RefusalKind.FailedPrecondition, message);
}
