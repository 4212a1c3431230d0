using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using ConfigPatch = Cozy.Fleet.Domain.Clusters.ConfigPatch;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>Which patches a member gets, and in which order: a narrower choice wins over a wider one.</summary>
internal static class ConfigLayers
{
    private static readonly string[] Order = ["cluster", "role", "class", "node"];

    public static IEnumerable<ConfigLayer> Of(ConfigSubject subject) =>
        ((ConfigLayer?[])[RackLayer.Of(subject.Rack, subject.Cluster.Spec), OfFleet(subject)]).OfType<ConfigLayer>()
            .Concat(OfCluster(subject.Cluster.Spec, subject.Member.Role, subject.Node));

    /// <summary>Whether a member gets a patch.</summary>
    public static bool Fits(ConfigPatch patch, Role role, NodeRecord node) =>
        (patch.Role == Role.Unspecified || patch.Role == role)
        && (patch.Nodes.Count == 0 || patch.Nodes.Contains(node.Metadata.Name))
        // One that cannot be read was refused when it was written; here it fits nobody.
        && Filter.TryParse(patch.Filter, out var filter, out _) && filter.Matches(path => NodeFields.Values(node, path));

    private static ConfigLayer? OfFleet(ConfigSubject subject)
    {
        string[] patches = [.. subject.FleetPatches
            .OrderBy(patch => patch.Metadata.Name, StringComparer.Ordinal).Select(patch => patch.Patch)
            .Where(patch => Fits(patch, subject.Member.Role, subject.Node)).Select(patch => patch.Yaml)];
        return patches.Length == 0 ? null : new("fleet", [.. patches]);
    }

    private static IEnumerable<ConfigLayer> OfCluster(ClusterSpec spec, Role role, NodeRecord node) =>
        from patch in spec.Patches
        where Fits(patch, role, node)
        group patch.Yaml by LayerOf(patch) into layer
        orderby Array.IndexOf(Order, layer.Key)
        select new ConfigLayer(layer.Key, [.. layer]);

    private static string LayerOf(ConfigPatch patch) =>
        patch.Nodes.Count > 0 ? "node" : patch.Filter != "" ? "class" : patch.Role != Role.Unspecified ? "role" : "cluster";
}
