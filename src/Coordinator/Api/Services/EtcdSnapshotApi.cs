using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Google.Protobuf;
using Grpc.Core;
using EventSeverity = Cozy.Fleet.Domain.Events.EventSeverity;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>Snapshots of etcd. They hold all of a cluster's secrets, so that each stands in the log like an issued credential.</summary>
internal sealed class EtcdSnapshotApi(IRecordStore store, AgentQueries queries, Mutations mutations, IEventLog log, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    public async Task ReadAsync(string name, IServerStreamWriter<SnapshotEtcdResponse> responses, ServerCallContext context)
    {
        var cancellation = context.CancellationToken;
        var node = await SourceAsync(name, cancellation);
        mutations.LogIssued(context, $"{RecordKind.Clusters}/{name}");
        await log.AppendAsync(new(time.GetUtcNow(), EventSeverity.Normal, $"{RecordKind.Clusters}/{name}", "SnapshotIssued",
            $"a snapshot of etcd was read from {node.Allocation!.Hostname}"), cancellation);
        await foreach (var piece in queries.AskAsync(node, new QueryAsk.SnapshotEtcd(), Limit, cancellation))
            await responses.WriteAsync(new() { Data = UnsafeByteOperations.UnsafeWrap(piece) }, cancellation);
    }

    private async Task<NodeRecord> SourceAsync(string name, CancellationToken cancellation)
    {
        var cluster = await store.ReadAsync<ClusterRecord>(RecordKind.Clusters, name, cancellation) ?? throw Refusals.NotFound("cluster", name);
        return EtcdMembers.Healthy(await store.MembersAsync(cluster, cancellation), time.GetUtcNow())
            ?? throw new Refusal(RefusalKind.FailedPrecondition,
                $"no control plane of cluster {name} was seen with a healthy etcd lately; cozyfleet describe cluster {name} says why.").ToRpc();
    }
}
