using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>The phase of a cluster, and why it is not further: one sentence for each thing that it waits for.</summary>
internal static class ClusterStatusRules
{
    public const string Ready = nameof(Ready);

    public static ClusterRecord Judge(ClusterRecord cluster, ClusterFacts facts)
    {
        var waiting = Missing(cluster, facts).Concat(cluster.Members.Select(m => MemberWaits(cluster, facts, m)).OfType<Waiting>()).ToArray();
        var phase = Phase(cluster, facts, waiting.Length == 0);
        return cluster with
        {
            Phase = phase,
            Waiting = waiting.Select(w => Keep(cluster, w)).ToEquatableArray(),
            Conditions = NodeConditions.Set(cluster.Conditions, new(Ready, phase == ClusterPhase.Running, phase.ToString(),
                string.Join("; ", waiting.Select(w => w.WaitsFor).Take(5)), default), facts.Now),
        };
    }

    private static ClusterPhase Phase(ClusterRecord cluster, ClusterFacts facts, bool allWell)
    {
        if (allWell)
            return ClusterPhase.Running;
        if (cluster.Phase is ClusterPhase.Running or ClusterPhase.Degraded)
            return ClusterPhase.Degraded;
        if (cluster.Members.Count == 0 || MemberChoice.Missing(cluster, Role.ControlPlane) > 0)
            return ClusterPhase.Pending;
        var first = facts.Node(cluster.BootstrapNode);
        return first is { InstallConfirmed: true } ? ClusterPhase.Bootstrapping : ClusterPhase.Provisioning;
    }

    private static IEnumerable<Waiting> Missing(ClusterRecord cluster, ClusterFacts facts)
    {
        foreach (var (role, set, words) in new[]
        {
            (Role.ControlPlane, cluster.Spec.ControlPlane, "control planes"), (Role.Worker, cluster.Spec.Workers, "workers"),
        })
        {
            var missing = MemberChoice.Missing(cluster, role);
            if (missing <= 0)
                continue;
            var free = MemberChoice.Candidates(cluster, facts, role, set).Count;
            yield return new($"{missing} more accepted machine{(missing == 1 ? "" : "s")} for {words}", $"{free} fit", facts.Now,
                set.Nodes.Count > 0 ? $"power on and accept {string.Join(", ", Absent(cluster, set))}" : "power on machines and accept them");
        }
    }

    private static IEnumerable<string> Absent(ClusterRecord cluster, MemberSet set) =>
        set.Nodes.Where(name => cluster.Members.All(m => m.Node != name));

    private static Waiting? MemberWaits(ClusterRecord cluster, ClusterFacts facts, ClusterMember member)
    {
        var node = facts.Node(member.Node);
        if (cluster.Failures.FirstOrDefault(f => f.Node == member.Node) is { } failure)
        {
            return new($"{member.Hostname} takes its order", failure.Message, facts.Now,
                failure.RetryTime is null ? "a change of the cluster's spec" : "another try follows");
        }
        if (node is { Observed.ApiMode: Agents.ApiMode.Maintenance, InstallOpened: false } && InstallDisks.Choose(node, cluster.Spec) is { Device: "" } disks)
            return new($"{member.Hostname} has exactly one disk to install on", disks.Reason, facts.Now, "install in the cluster's spec, or install_disk in the node's");
        // A node that a rollout works on is away on purpose; the rollout tells of it.
        return node is null or { Phase: not NodePhase.Running, Operation: null } or { Observed.Ready: false, Operation: null }
            ? new($"{member.Hostname} is Running", node is null ? "unknown" : Seen(node), facts.Now, Advice(member, node))
            : null;
    }

    private static string Advice(ClusterMember member, NodeRecord? node) => IsSilent(node) && node!.InstallConfirmed
        ? $"power on its machine; if that is dead for good: `cozyfleet node release {member.Hostname}`" : "";

    private static bool IsSilent(NodeRecord? node) => node is { Observed.ApiMode: Agents.ApiMode.Unreachable };

    private static string Seen(NodeRecord node) => node switch
    {
        _ when IsSilent(node) => $"no answer: {node.Observed!.Error}",
        { Observed.UnmetConditions: [var unmet, ..] } => $"{node.Phase}, {unmet.Name}: {unmet.Reason}",
        { Phase: NodePhase.Joining } => $"{node.Phase}, its Node in Kubernetes: {KubernetesWords.Of(node.Observed?.Kubernetes)}",
        _ => $"{node.Phase}",
    };

    // The same wait keeps its beginning.
    private static Waiting Keep(ClusterRecord cluster, Waiting waiting) =>
        cluster.Waiting.FirstOrDefault(w => w.WaitsFor == waiting.WaitsFor) is { } before ? waiting with { Since = before.Since } : waiting;
}
