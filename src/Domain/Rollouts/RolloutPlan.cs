using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>Freezes what a rollout will do: which nodes, in which order, from what to what (rollouts.md 3.2, 3.12).</summary>
public static class RolloutPlan
{
    /// <param name="members">All members of the cluster, as they are known now.</param>
    /// <param name="traceparent">The rollout's root span.</param>
    public static Answer<RolloutRecord> Make(
        RolloutRecord wanted, ClusterRecord cluster, ImageRecord image, IReadOnlyCollection<NodeRecord> members)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(members);
        if (cluster.Phase is not (ClusterPhase.Running or ClusterPhase.Degraded))
        {
            return Refuse($"cluster {cluster.Metadata.Name} is {cluster.Phase}; a rollout needs a cluster that was running.", "spec.cluster");
        }
        var selected = members.Where(n => IsSelected(wanted.Spec, n)).ToArray();
        var unknown = wanted.Spec.Nodes.Where(name => !members.Any(n => IsNamed(n, name))).ToArray();
        if (unknown.Length > 0)
            return Refuse($"{string.Join(", ", unknown)}: no member of cluster {cluster.Metadata.Name} has that name.", "spec.nodes");

        var problems = selected
            .Select(n => (n.Allocation!.Hostname, Problem: UpgradePaths.Problem(n.Observed?.TalosVersion ?? "", image.Spec.TalosVersion)))
            .Where(p => p.Problem is not null).ToArray();
        if (problems.Length > 0)
        {
            return new Refusal(RefusalKind.FailedPrecondition,
                string.Join("; ", problems.Select(p => $"{p.Hostname}: {p.Problem}")) + ".", "spec.talos_upgrade.image");
        }
        var nodes = Ordered(selected).Select(n => Plan(n, image)).ToEquatableArray();
        var record = wanted with { Nodes = nodes, Installer = image.Effective.Installer };
        return record with { PlanDigest = Digest(record) };
    }

    // Followers first, the leader last, then workers; within each by failure domain and name.
    private static IEnumerable<NodeRecord> Ordered(IEnumerable<NodeRecord> nodes) => nodes
        .OrderBy(n => n.Allocation!.Role == Role.ControlPlane ? 0 : 1)
        .ThenBy(n => IsEtcdLeader(n) ? 1 : 0)
        .ThenBy(n => n.Rack, StringComparer.Ordinal)
        .ThenBy(n => n.Allocation!.Hostname, StringComparer.Ordinal);

    /// <summary>True when the node said lately that it leads etcd.</summary>
    internal static bool IsEtcdLeader(NodeRecord node) =>
        node.Observed?.Etcd is { MemberId: not 0 } etcd && etcd.MemberId == etcd.LeaderId;

    private static RolloutNode Plan(NodeRecord node, ImageRecord image) => new(
        node.Metadata.Name, node.Allocation!.Hostname, node.Allocation.Role, node.Observed!.TalosVersion, node.Observed.SchematicId,
        image.Spec.TalosVersion, image.Effective.SchematicId);

    private static bool IsSelected(RolloutSpec spec, NodeRecord node) =>
        spec.Nodes.Count == 0 || spec.Nodes.Any(name => IsNamed(node, name));

    private static bool IsNamed(NodeRecord node, string name) => node.Metadata.Name == name || node.Allocation?.Hostname == name;

    private static string Digest(RolloutRecord plan)
    {
        var text = new StringBuilder().AppendJoin('\n', plan.Spec.Cluster, plan.Installer);
        foreach (var n in plan.Nodes)
            text.Append('\n').AppendJoin(' ', n.Node, n.Hostname, n.Role, n.FromVersion, n.FromSchematic, n.ToVersion, n.ToSchematic);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static Refusal Refuse(string sentence, string field) => new(RefusalKind.FailedPrecondition, sentence, field);
}
