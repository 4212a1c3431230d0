using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;
using Cozy.Fleet.Primitives;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>"Is it safe to reboot this node now?", answered by the gates that a rollout asks.</summary>
internal sealed class NodeCheckApi(IRecordStore store, TimeProvider time)
{
    public async Task<V1.CheckNodeResponse> CheckAsync(string name, CancellationToken cancellation)
    {
        var node = await store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, cancellation) ?? throw Refusals.NotFound("node", name);
        if (node.Allocation is not { } place || await store.ReadAsync<ClusterRecord>(RecordKind.Clusters, place.Cluster, cancellation) is not { } cluster)
            throw new Refusal(RefusalKind.FailedPrecondition, $"node {name} belongs to no cluster: no gate depends on it.").ToRpc();
        var members = await store.MembersAsync(cluster, cancellation);
        var facts = new GateFacts(members.ToEquatableArray(), "", time.GetUtcNow(), RolloutFacts.Freshness);
        var gates = Gates.Before(place.Role, facts, allowDowntime: false);
        var response = new V1.CheckNodeResponse
        {
            Safe = cluster.Lease is null && gates.All(gate => gate.Verdict == GateVerdict.Pass),
            LeaseHolder = cluster.Lease?.Holder ?? "",
        };
        response.Gates.Add(gates.Select(gate => new V1.GateResult
        {
            Id = gate.Id, Verdict = EnumMap<GateVerdict, V1.GateVerdict>.Of(gate.Verdict), Message = gate.Message, Observed = gate.Observed,
        }));
        return response;
    }
}
