using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Facts;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Checks that a config fits the node that it is for: an install disk and a link that it selects are there, and there is one of each. Talos
/// takes any disk of several that match; which one that is, changes from boot to boot.
/// </summary>
public static class FactCheck
{
    /// <summary>A sentence for every disk and link that is not exactly one of the node's, with the candidates.</summary>
    /// <exception cref="FormatException">The config is not YAML, or it is empty.</exception>
    public static EquatableArray<ConfigProblem> Problems(string config, NodeFacts facts)
    {
        var roots = ConfigPatch.Documents(config).ConvertAll(ConfigLeaf.Root);
        return [.. DiskSelection.Problems(roots, facts.Disks).Concat(LinkSelection.Problems(roots, facts.Links)).OrderBy(p => p.Line)];
    }
}
