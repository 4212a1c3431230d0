using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>A patch for the members of all clusters that fit role and filter; what is not set fits every member.</summary>
public sealed record FleetPatchSpec(Role Role, string Filter, string Yaml);

public sealed record FleetPatchRecord(ResourceMetadata Metadata, FleetPatchSpec Spec)
{
    /// <summary>The same as a cluster would say it.</summary>
    public ConfigPatch Patch => new(Metadata.Name, Spec.Role, Spec.Yaml) { Filter = Spec.Filter };
}
