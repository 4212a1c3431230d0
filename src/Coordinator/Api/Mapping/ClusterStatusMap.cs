using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using ClusterMember = Cozy.Fleet.Domain.Clusters.ClusterMember;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class ClusterStatusMap
{
    /// <param name="nodes">The members' records by name; one that was not seen yet may be missing.</param>
    public static V1.Cluster ToProto(this ClusterRecord cluster, string etag, IReadOnlyDictionary<string, NodeRecord> nodes)
    {
        var status = new V1.ClusterStatus
        {
            Phase = EnumMap<ClusterPhase, V1.ClusterPhase>.Of(cluster.Phase),
            Endpoint = cluster.Endpoint,
            BootstrapTime = cluster.BootstrapTime.ToProto(),
            BootstrapNode = cluster.BootstrapNode,
            Lease = cluster.Lease is null ? null : ToProto(cluster.Lease),
            Image = cluster.Image,
        };
        status.Members.Add(cluster.Members.Select(m => ToProto(m, nodes.GetValueOrDefault(m.Node))));
        status.Conditions.Add(cluster.Conditions.Select(c => c.ToProto()));
        status.Waiting.Add(cluster.Waiting.Select(w => w.ToProto()));
        return new() { Metadata = cluster.Metadata.ToProto(etag), Spec = cluster.Spec.ToProto(), Status = status };
    }

    private static V1.ClusterMember ToProto(ClusterMember member, NodeRecord? node) => new()
    {
        Node = member.Node,
        Hostname = member.Hostname,
        Role = EnumMap<Role, V1.Role>.Of(member.Role),
        Address = node?.Address ?? "",
        Phase = node is null ? V1.NodePhase.Unspecified : EnumMap<NodePhase, V1.NodePhase>.Of(node.Phase),
        TalosVersion = node?.Observed?.TalosVersion ?? "",
        Ready = node?.Observed is { Ready: true, Kubernetes.Ready: true },
    };

    private static V1.ExclusionLease ToProto(ExclusionLease lease) => new()
    {
        Holder = lease.Holder,
        Purpose = lease.Purpose,
        FencingNumber = lease.FencingNumber,
        AcquireTime = lease.AcquireTime.ToProto(),
    };
}
