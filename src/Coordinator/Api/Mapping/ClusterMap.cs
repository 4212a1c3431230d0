using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class ClusterMap
{
    public static V1.ClusterSpec ToProto(this ClusterSpec spec)
    {
        var proto = new V1.ClusterSpec
        {
            Endpoint = spec.Endpoint,
            Image = spec.Image,
            KubernetesVersion = spec.KubernetesVersion,
            ControlPlane = ToProto(spec.ControlPlane),
            Workers = ToProto(spec.Workers),
            Management = EnumMap<Management, V1.Management>.Of(spec.Management),
            Install = new() { Disk = spec.InstallDisk, MinimumSizeBytes = spec.InstallMinimumSizeBytes },
        };
        proto.Patches.Add(spec.Patches.Select(ToProto));
        proto.PodSubnets.Add(spec.PodSubnets);
        proto.ServiceSubnets.Add(spec.ServiceSubnets);
        return proto;
    }

    public static ClusterSpec ToRecord(this V1.ClusterSpec? spec) => spec is null ? new() : new()
    {
        Endpoint = spec.Endpoint,
        Image = spec.Image,
        KubernetesVersion = spec.KubernetesVersion,
        ControlPlane = ToRecord(spec.ControlPlane),
        Workers = ToRecord(spec.Workers),
        InstallDisk = spec.Install?.Disk ?? "",
        InstallMinimumSizeBytes = spec.Install?.MinimumSizeBytes ?? 0,
        Patches = spec.Patches.Select(ToRecord).ToEquatableArray(),
        PodSubnets = spec.PodSubnets.ToEquatableArray(),
        ServiceSubnets = spec.ServiceSubnets.ToEquatableArray(),
        Management = spec.Management == V1.Management.Observed ? Management.Observed : Management.Managed,
    };

    private static V1.ConfigPatch ToProto(ConfigPatch patch) => new()
    {
        Name = patch.Name, Role = EnumMap<Role, V1.Role>.Of(patch.Role), Yaml = patch.Yaml, Filter = patch.Filter, Nodes = { patch.Nodes },
    };

    private static ConfigPatch ToRecord(V1.ConfigPatch patch) => new(patch.Name, EnumMap<V1.Role, Role>.Of(patch.Role), patch.Yaml)
    {
        Filter = patch.Filter, Nodes = patch.Nodes.ToEquatableArray(),
    };

    private static V1.MemberSet ToProto(MemberSet set)
    {
        var proto = new V1.MemberSet { Filter = set.Filter, Count = set.Count };
        proto.Nodes.Add(set.Nodes);
        return proto;
    }

    private static MemberSet ToRecord(V1.MemberSet? set) =>
        set is null ? MemberSet.None : new(set.Nodes.ToEquatableArray(), set.Filter, set.Count);
}
