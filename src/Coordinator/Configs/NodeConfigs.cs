using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>The config that a node should have now, from what is stored.</summary>
internal sealed class NodeConfigs(IRecordStore store, MemberConfigs configs)
{
    /// <summary>Refused for a node that has no place in a cluster, or whose cluster cannot make configs yet.</summary>
    public async Task<Answer<EffectiveConfig>> WantedAsync(NodeRecord node, CancellationToken cancellation)
    {
        var name = node.Metadata.Name;
        if (node.Allocation is not { } place || await store.ReadAsync<ClusterRecord>(RecordKind.Clusters, place.Cluster, cancellation) is not { } cluster)
            return Refused($"node {name} belongs to no cluster, so it has no config.");
        var member = cluster.Members.FirstOrDefault(m => m.Node == name);
        var image = await store.ReadAsync<ImageRecord>(RecordKind.Images, cluster.Image, cancellation);
        if (member is null || image is null || cluster.Endpoint == "" || cluster.SealedSecrets == "")
            return Refused($"cluster {place.Cluster} is {cluster.Phase} and makes no configs yet.");
        return InstallDisks.Choose(node, cluster.Spec) is { Device: "" } disks
            ? Refused($"node {name} has no config yet: {disks.Reason}.")
            : await configs.OfAsync(new(cluster, member, node, image), cancellation);
    }

    private static Refusal Refused(string message) => new(RefusalKind.FailedPrecondition, message);
}
