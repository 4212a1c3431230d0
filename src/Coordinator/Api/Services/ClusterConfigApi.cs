using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Nodes;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>The machine config of one member.</summary>
internal sealed class ClusterConfigApi(
    IRecordStore store, NodeNames names, NodeConfigs configs, ConfigComparisons comparisons, Mutations mutations)
{
    public async Task<V1.GetMachineConfigResponse> GetAsync(V1.GetMachineConfigRequest request, ServerCallContext context)
    {
        var cancellation = context.CancellationToken;
        var name = await names.ResolveAsync(request.Node, cancellation);
        var row = await store.ReadAsync(RecordKind.Nodes, name, cancellation) ?? throw Refusals.NotFound("node", name);
        var node = RecordJson.Read<NodeRecord>(row.Data);
        var wanted = (await configs.WantedAsync(node, cancellation)).Unwrap();
        var response = wanted.ToProto();
        if (request.Compare)
        {
            if (node is not { Observed: { ApiMode: Domain.Agents.ApiMode.Secure, TalosVersion: not "" } })
            {
                throw new RpcException(new(
                    StatusCode.FailedPrecondition, $"node {name} does not run its config yet, so there is nothing to compare."));
            }
            // An administrator's credential was used to read it.
            mutations.LogIssued(context, $"nodes/{name}");
            response.Comparison = (await comparisons.CompareAsync(node, wanted.Text, cancellation)).ToProto();
        }
        return response;
    }
}
