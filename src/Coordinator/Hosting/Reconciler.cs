using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Operations;
using Cozy.Fleet.Coordinator.Rollouts;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Operations;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>
/// Looks at all clusters and all open rollouts and operations after a start and every ten seconds; signals only make it sooner. A machine that
/// becomes free is a signal for the clusters that still look for members.
/// </summary>
internal sealed partial class Reconciler(IRecordStore store, IGrainFactory grains, TimeProvider clock, ILogger<Reconciler> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(LookAtAllAsync(stoppingToken), WatchFreeMachinesAsync(stoppingToken));

    private async Task LookAtAllAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            foreach (var cluster in await store.ReadAllAsync<ClusterRecord>(RecordKind.Clusters, cancellation))
                await TryAsync(() => grains.GetGrain<IClusterGrain>(cluster.Metadata.Name).Reconcile(), "clusters/" + cluster.Metadata.Name);
            foreach (var rollout in (await store.ReadAllAsync<RolloutRecord>(RecordKind.Rollouts, cancellation)).Where(r => !r.IsFinal))
                await TryAsync(() => grains.GetGrain<IRolloutGrain>(rollout.Metadata.Name).Reconcile(), rollout.Holder);
            foreach (var operation in (await store.ReadAllAsync<OperationRecord>(RecordKind.Operations, cancellation)).Where(o => !o.IsFinal))
                await TryAsync(() => grains.GetGrain<IOperationGrain>(operation.Metadata.Name).Reconcile(), operation.Holder);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private async Task WatchFreeMachinesAsync(CancellationToken cancellation)
    {
        await foreach (var row in store.WatchAsync(RecordKind.Nodes, store.Revision, cancellation))
        {
            if (row.Deleted || RecordJson.Read<NodeRecord>(row.Data) is not { Allocation: null, Spec.Acceptance.State: AcceptanceState.Accepted })
                continue;
            foreach (var cluster in await store.ReadAllAsync<ClusterRecord>(RecordKind.Clusters, cancellation))
            {
                if (MemberChoice.Missing(cluster, Role.ControlPlane) > 0 || MemberChoice.Missing(cluster, Role.Worker) > 0)
                    await TryAsync(() => grains.GetGrain<IClusterGrain>(cluster.Metadata.Name).Changed(), "clusters/" + cluster.Metadata.Name);
            }
        }
    }

    // One object that cannot be looked at must not keep the others waiting; it is looked at again in ten seconds.
    private async Task TryAsync(Func<Task> look, string subject)
    {
        try
        {
            await look();
        }
        catch (Exception failure)
        {
            LogFailed(failure, subject);
        }
    }

    [LoggerMessage(LogLevel.Error, "{Subject} could not be looked at")]
    private partial void LogFailed(Exception failure, string subject);
}
