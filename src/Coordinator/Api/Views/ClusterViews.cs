using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Views;

internal sealed class NodeView() : ResourceView<V1.Node>(RecordKind.Nodes, "node")
{
    public override ValueTask<IReadOnlyList<V1.Node>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken) =>
        new([.. rows.Select(row => RecordJson.Read<NodeRecord>(row.Data).ToProto(row.Etag))]);
}

/// <summary>Clusters, with what their members' rows say of the members.</summary>
internal sealed class ClusterView(IRecordStore store) : ResourceView<V1.Cluster>(RecordKind.Clusters, "cluster")
{
    public override async ValueTask<IReadOnlyList<V1.Cluster>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken)
    {
        var shown = new List<V1.Cluster>(rows.Count);
        foreach (var row in rows)
        {
            var cluster = RecordJson.Read<ClusterRecord>(row.Data);
            var members = await store.MembersAsync(cluster, cancellationToken);
            shown.Add(cluster.ToProto(row.Etag, members.ToDictionary(node => node.Metadata.Name)));
        }
        return shown;
    }
}

internal sealed class RolloutView() : ResourceView<V1.Rollout>(RecordKind.Rollouts, "rollout")
{
    public override ValueTask<IReadOnlyList<V1.Rollout>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken) =>
        new([.. rows.Select(row => RecordJson.Read<RolloutRecord>(row.Data).ToProto(row.Etag))]);
}
