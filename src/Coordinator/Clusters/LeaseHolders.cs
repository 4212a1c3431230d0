using Cozy.Fleet.Coordinator.Operations;
using Cozy.Fleet.Coordinator.Rollouts;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Clusters;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>Who may hold a cluster's exclusion lease, and is told when something in the cluster changed.</summary>
internal static class LeaseHolders
{
    public static Task TellHolderAsync(this IGrainFactory grains, ExclusionLease? lease) => lease?.Holder.Split('/', 2) switch
    {
        [RecordKind.Rollouts, var rollout] => grains.GetGrain<IRolloutGrain>(rollout).Changed(),
        [RecordKind.Operations, var operation] => grains.GetGrain<IOperationGrain>(operation).Changed(),
        _ => Task.CompletedTask,
    };
}
