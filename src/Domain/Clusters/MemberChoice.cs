using System.Globalization;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>Chooses members from accepted machines without a cluster. A choice is never taken back.</summary>
public static class MemberChoice
{
    /// <summary>How many members of the role the spec wants.</summary>
    public static int Wanted(MemberSet set) => Math.Max(set.Nodes.Count, set.Count);

    public static ClusterRecord Choose(ClusterRecord cluster, ClusterFacts facts)
    {
        var withControlPlane = Fill(cluster, facts, Role.ControlPlane, cluster.Spec.ControlPlane, allAtOnce: true);
        // Workers wait for the control plane's choice: it must not find its machines taken.
        return Missing(withControlPlane, Role.ControlPlane) > 0
            ? withControlPlane
            : Fill(withControlPlane, facts, Role.Worker, cluster.Spec.Workers, allAtOnce: false);
    }

    /// <summary>
    /// The cluster without a member that was wiped. The spec asks for one fewer: a machine is installed in its place only when somebody
    /// asks for it.
    /// </summary>
    public static ClusterRecord Without(ClusterRecord cluster, string node)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        if (cluster.Members.FirstOrDefault(m => m.Node == node) is not { } member)
            return cluster;
        var spec = cluster.Spec;
        return cluster with
        {
            Members = cluster.Members.Where(m => m.Node != node).ToEquatableArray(),
            OpenOrders = cluster.OpenOrders.Where(o => o.Node != node).ToEquatableArray(),
            Failures = cluster.Failures.Where(f => f.Node != node).ToEquatableArray(),
            Metadata = cluster.Metadata with { Generation = cluster.Metadata.Generation + 1 },
            Spec = member.Role == Role.ControlPlane
                ? spec with { ControlPlane = Fewer(spec.ControlPlane, node) }
                : spec with { Workers = Fewer(spec.Workers, node) },
        };
    }

    private static MemberSet Fewer(MemberSet set, string node) => set with
    {
        Nodes = set.Nodes.Where(n => n != node).ToEquatableArray(),
        Count = Math.Max(0, set.Count - 1),
    };

    public static int Missing(ClusterRecord cluster, Role role) =>
        Wanted(role == Role.ControlPlane ? cluster.Spec.ControlPlane : cluster.Spec.Workers) - cluster.Members.Count(m => m.Role == role);

    /// <summary>Machines that a set could take, best first: a fitting hint, then by rack and name.</summary>
    public static IReadOnlyList<NodeRecord> Candidates(ClusterRecord cluster, ClusterFacts facts, Role role, MemberSet set)
    {
        // A filter that cannot be read was refused when the cluster was written; here it takes nothing.
        if (!Filter.TryParse(set.Filter, out var filter, out _))
            return [];
        var named = set.Nodes.ToHashSet();
        return
        [
            .. facts.Nodes
                .Where(n => cluster.Members.All(m => m.Node != n.Metadata.Name))
                .Where(n => named.Count > 0 ? named.Contains(n.Metadata.Name) : filter.Matches(path => NodeFields.Values(n, path)))
                .Where(n => Placement.Refusal(n) is null && (named.Count > 0 || Placement.Fits(n, role)) && n.Facts is not null)
                .OrderBy(n => n.Spec.RoleHint == role ? 0 : 1)
                .ThenBy(n => n.Rack, StringComparer.Ordinal)
                .ThenBy(n => n.Metadata.Name, StringComparer.Ordinal),
        ];
    }

    // Half a control plane is none: its machines are taken together, or not yet.
    private static ClusterRecord Fill(ClusterRecord cluster, ClusterFacts facts, Role role, MemberSet set, bool allAtOnce)
    {
        var missing = Missing(cluster, role);
        var found = missing > 0 ? Candidates(cluster, facts, role, set) : [];
        if (found.Count == 0 || (allAtOnce && found.Count < missing))
            return cluster;
        foreach (var node in found.Take(missing))
            cluster = cluster with { Members = cluster.Members.Add(new(node.Metadata.Name, node.Rack, HostName(cluster, node, role), role)) };
        return cluster;
    }

    private static string HostName(ClusterRecord cluster, NodeRecord node, Role role)
    {
        var taken = cluster.Members.Select(m => m.Hostname).ToHashSet();
        if (node.Spec.Hostname != "" && !taken.Contains(node.Spec.Hostname))
            return node.Spec.Hostname;
        var kind = role == Role.ControlPlane ? "cp" : "w";
        return Enumerable.Range(1, int.MaxValue)
            .Select(n => string.Create(CultureInfo.InvariantCulture, $"{cluster.Metadata.Name}-{kind}-{n}"))
            .First(name => !taken.Contains(name));
    }
}
