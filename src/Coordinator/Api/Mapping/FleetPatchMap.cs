using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class FleetPatchMap
{
    public static V1.FleetPatch ToProto(this FleetPatchRecord patch, string etag) => new()
    {
        Metadata = patch.Metadata.ToProto(etag),
        Spec = new() { Role = EnumMap<Role, V1.Role>.Of(patch.Spec.Role), Filter = patch.Spec.Filter, Yaml = patch.Spec.Yaml },
    };

    public static FleetPatchSpec ToRecord(this V1.FleetPatchSpec? spec) =>
        new(EnumMap<V1.Role, Role>.Of(spec?.Role ?? default), spec?.Filter ?? "", spec?.Yaml ?? "");
}
