using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.MachineConfig;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>The machine config of one member: shown, compared, and given to it.</summary>
internal sealed class ClusterConfigApi(
    IRecordStore store, NodeNames names, NodeConfigs configs, ConfigComparisons comparisons, OperationApi operations, Mutations mutations)
{
    private static readonly TimeSpan ShortestTrial = TimeSpan.FromSeconds(10);

    // An order lives for five minutes.
    private static readonly TimeSpan LongestTrial = TimeSpan.FromMinutes(4);

    public async Task<V1.GetMachineConfigResponse> GetAsync(V1.GetMachineConfigRequest request, ServerCallContext context)
    {
        var (node, wanted) = await FindAsync(request.Node, context.CancellationToken);
        var response = wanted.ToProto();
        if (request.Compare)
            response.Comparison = (await CompareAsync(node, wanted, context)).ToProto();
        return response;
    }

    public async Task<V1.Operation> ApplyAsync(V1.ApplyNodeConfigRequest request, ServerCallContext context, Mutation mutation)
    {
        var time = request.TrialTimeout?.ToTimeSpan() ?? TimeSpan.Zero;
        if (request.TrialTimeout is not null && (time < ShortestTrial || time > LongestTrial))
            throw Problems.Of("trial_timeout", "must be between 10 s and 4 min");
        var (node, wanted) = await FindAsync(request.Name, context.CancellationToken);
        var compared = await CompareAsync(node, wanted, context);
        var wish = request.Mode switch
        {
            V1.ConfigApplyMode.Reboot => ConfigWish.Reboot,
            V1.ConfigApplyMode.Staged => ConfigWish.Staged,
            _ => ConfigWish.Live,
        };
        var decided = ConfigDecision.Of(compared, AppliedConfig.DigestOf(wanted.Text), wish, tries: !request.WithoutTrial);
        if (!decided.Accepted(out var change, out var refusal))
            throw (refusal with { Message = $"node {node.Allocation!.Hostname}: {refusal.Message}" }).ToRpc();
        return await operations.BeginAsync(node.Metadata.Name, change with { TrialTime = time }, request.OverrideGates, mutation);
    }

    private async Task<(NodeRecord Node, EffectiveConfig Wanted)> FindAsync(string given, CancellationToken cancellation)
    {
        var name = await names.ResolveAsync(given, cancellation);
        var node = await store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, cancellation) ?? throw Refusals.NotFound("node", name);
        return (node, (await configs.WantedAsync(node, cancellation)).Unwrap());
    }

    private Task<ComparedConfig> CompareAsync(NodeRecord node, EffectiveConfig wanted, ServerCallContext context)
    {
        if (node is not { Observed: { ApiMode: Domain.Agents.ApiMode.Secure, TalosVersion: not "" } })
        {
            throw new RpcException(new(StatusCode.FailedPrecondition,
                $"node {node.Metadata.Name} does not run its config yet, so there is nothing to compare."));
        }
        // An administrator's credential is used to read it.
        mutations.LogIssued(context, $"nodes/{node.Metadata.Name}");
        return comparisons.CompareAsync(node, wanted.Text, context.CancellationToken);
    }
}
