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
    public static EquatableArray<ConfigProblem> Problems(string config, NodeFacts facts) => Problems(config, facts, sparesUnknown: false);

    /// <summary>
    /// The same, but for what is certain: what the node did not say may be as the config wants it. Releases say different things, and older
    /// agents ask for less.
    /// </summary>
    /// <exception cref="FormatException">The config is not YAML, or it is empty.</exception>
    public static EquatableArray<ConfigProblem> Contradictions(string config, NodeFacts facts) =>
        Problems(config, facts, sparesUnknown: true);

    private static EquatableArray<ConfigProblem> Problems(string config, NodeFacts facts, bool sparesUnknown)
    {
        var roots = ConfigPatch.Documents(config).ConvertAll(ConfigLeaf.Root);
        var disks = sparesUnknown && facts.Disks.Count == 0 ? [] : DiskSelection.Problems(roots, facts.Disks, sparesUnknown);
        return [.. disks.Concat(LinkSelection.Problems(roots, facts, sparesUnknown)).OrderBy(p => p.Line)];
    }
}
