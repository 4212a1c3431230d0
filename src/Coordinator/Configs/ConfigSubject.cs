using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;
using ClusterMember = Cozy.Fleet.Domain.Clusters.ClusterMember;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>Whom a config is for, with everything that it is made from.</summary>
/// <param name="Image">The one that the cluster installs now.</param>
internal sealed record ConfigSubject(ClusterRecord Cluster, ClusterMember Member, NodeRecord Node, ImageRecord Image)
{
    /// <summary>The node's; null when it is gone.</summary>
    public RackRecord? Rack { get; init; }

    /// <summary>All of them, also those that are for other members.</summary>
    public EquatableArray<FleetPatchRecord> FleetPatches { get; init; } = [];
}
