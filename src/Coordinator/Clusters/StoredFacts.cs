using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>What a cluster looks at, from what is stored.</summary>
internal static class StoredFacts
{
    /// <summary>The members, and while some are missing every machine without a cluster.</summary>
    public static async Task<ClusterFacts> FactsOfAsync(this IRecordStore store, ClusterRecord cluster, DateTimeOffset now)
    {
        var nodes = (await store.MembersAsync(cluster, CancellationToken.None)).ToList();
        if (MemberChoice.Missing(cluster, Role.ControlPlane) > 0 || MemberChoice.Missing(cluster, Role.Worker) > 0)
        {
            var all = await store.ReadAllAsync<NodeRecord>(RecordKind.Nodes, CancellationToken.None);
            nodes.AddRange(all.Where(n => n.Allocation is null));
        }
        return new([.. nodes.DistinctBy(n => n.Metadata.Name)], now);
    }
}
