using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>A config that is being checked. Values of a wrong type are as if they were not there: the key check names them.</summary>
internal sealed record WholeConfig(IReadOnlyList<ConfigLeaf> Roots, SemanticVersion Talos)
{
    public ConfigLeaf? Main => Roots.FirstOrDefault(root => root.Kind == "");

    /// <summary>True unless the machine is a worker; what is no type at all is named by its own rule.</summary>
    public bool IsControlPlane => Main?.Text("machine", "type") is "controlplane" or "init";

    public bool Since(int minor) => Talos.IsAtLeast(1, minor);

    public IEnumerable<ConfigLeaf> Documents(string kind) => Roots.Where(root => root.Kind == kind);

    public bool Has(string kind) => Documents(kind).Any();
}
