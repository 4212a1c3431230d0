using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What a node refuses after it decoded a config (talos.md 5.8): rule by rule, each in a file by what it is about.</summary>
internal sealed class RefusalCheck(IReadOnlyList<ConfigLeaf> roots, SemanticVersion talos)
{
    public IEnumerable<ConfigProblem> Problems()
    {
        var config = new WholeConfig(roots, talos);
        if (config.Main is not { } main)
            return [new(1, default, "There is no v1alpha1 document, and a machine needs one to become a member of a cluster.")];
        return Conflicts.Problems(config, main)
            .Concat(MachineRules.Problems(config, main))
            .Concat(TrustRules.Problems(config, main))
            .Concat(ClusterRules.Problems(config, main))
            .Concat(NetworkRules.Problems(config, main))
            .Concat(DocumentRules.Problems(config));
    }
}
