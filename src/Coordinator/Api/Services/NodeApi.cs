using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class NodeApi(
    ResourceReader<V1.Node> reader, ResourceWatch<V1.Node> watch, ResourceUpdater<V1.Node> updater, NodeNames names,
    Mutations mutations, NodeCheckApi check, NodeInspectionApi inspection, OperationApi operations, ClusterConfigApi configs, NodeBmcApi bmcs,
    IGrainFactory grains)
        : V1.NodeService.NodeServiceBase
{
    public override async Task<V1.GetNodeResponse> GetNode(V1.GetNodeRequest request, ServerCallContext context)
    {
        var name = await names.ResolveAsync(request.Name, context.CancellationToken);
        return new() { Node = await reader.GetAsync(name, context.CancellationToken) };
    }

    public override async Task<V1.ListNodesResponse> ListNodes(V1.ListNodesRequest request, ServerCallContext context)
    {
        var page = await reader.ListAsync(request.PageSize, request.PageToken, request.Filter, context.CancellationToken);
        return new() { Nodes = { page.Items }, NextPageToken = page.NextToken };
    }

    public override async Task WatchNodes(
        V1.WatchNodesRequest request, IServerStreamWriter<V1.WatchNodesResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in watch.WatchAsync(request.Filter, request.ResumeToken, context.CancellationToken))
        {
            await responseStream.WriteAsync(
                new() { Type = change.Type, Node = change.Item, ResumeToken = change.ResumeToken }, context.CancellationToken);
        }
    }

    public override async Task<V1.UpdateNodeResponse> UpdateNode(V1.UpdateNodeRequest request, ServerCallContext context)
    {
        var ask = new Ask($"nodes/{request.Node?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.UpdateNodeResponse>(context, request, ask, async mutation =>
        {
            var update = request.Node?.Clone() ?? new();
            update.Metadata ??= new();
            update.Metadata.Name = await names.ResolveAsync(update.Metadata.Name, mutation.Cancellation);
            return new()
            {
                Node = await updater.UpdateAsync(update, request.UpdateMask, request.ValidateOnly, mutation)
                    ?? throw Refusals.NotFound("node", update.Metadata.Name),
            };
        });
    }

    public override async Task<V1.AcceptNodeResponse> AcceptNode(V1.AcceptNodeRequest request, ServerCallContext context)
    {
        var ask = new Ask($"nodes/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.AcceptNodeResponse>(context, request, ask, async mutation =>
            new() { Node = await DecideAsync(request.Name, AcceptanceState.Accepted, request.Etag, mutation) });
    }

    public override async Task<V1.RejectNodeResponse> RejectNode(V1.RejectNodeRequest request, ServerCallContext context)
    {
        var ask = new Ask($"nodes/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.RejectNodeResponse>(context, request, ask, async mutation =>
            new() { Node = await DecideAsync(request.Name, AcceptanceState.Rejected, request.Etag, mutation) });
    }

    public override async Task<V1.ClearNodeQuarantineResponse> ClearNodeQuarantine(
        V1.ClearNodeQuarantineRequest request, ServerCallContext context)
    {
        var ask = new Ask($"nodes/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.ClearNodeQuarantineResponse>(context, request, ask, async mutation =>
            new() { Node = await ClearAsync(request.Name, request.Etag, mutation) });
    }

    public override async Task<V1.ReleaseNodeResponse> ReleaseNode(V1.ReleaseNodeRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.ReleaseNodeResponse>(context, request, Ask(request.Name, request.RequestId), async mutation => new()
        {
            Operation = await operations.BeginAsync(request.Name, new OrderAction.DeleteNodeObject(), "", mutation),
            Node = await reader.GetAsync(await names.ResolveAsync(request.Name, mutation.Cancellation), mutation.Cancellation),
        });

    public override async Task<V1.WipeNodeResponse> WipeNode(V1.WipeNodeRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.WipeNodeResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
        {
            var name = await names.ResolveAsync(request.Name, mutation.Cancellation);
            (await grains.GetGrain<INodeGrain>(name).AskWipe(mutation.Caller)).Unwrap();
            return new() { Node = await reader.GetAsync(name, mutation.Cancellation) };
        });

    public override async Task<V1.CheckNodeResponse> CheckNode(V1.CheckNodeRequest request, ServerCallContext context) =>
        await check.CheckAsync(await names.ResolveAsync(request.Name, context.CancellationToken), context.CancellationToken);

    public override async Task ReadNodeLogs(
        V1.ReadNodeLogsRequest request, IServerStreamWriter<V1.ReadNodeLogsResponse> responseStream, ServerCallContext context)
    {
        await foreach (var data in inspection.LogsAsync(request, context.CancellationToken))
            await responseStream.WriteAsync(new() { Data = data }, context.CancellationToken);
    }

    public override async Task ReadNodeDmesg(
        V1.ReadNodeDmesgRequest request, IServerStreamWriter<V1.ReadNodeDmesgResponse> responseStream, ServerCallContext context)
    {
        await foreach (var data in inspection.DmesgAsync(request, context.CancellationToken))
            await responseStream.WriteAsync(new() { Data = data }, context.CancellationToken);
    }

    public override Task<V1.ListNodeServicesResponse> ListNodeServices(V1.ListNodeServicesRequest request, ServerCallContext context) =>
        inspection.ServicesAsync(request.Name, context.CancellationToken);

    public override async Task CollectNodeSupport(
        V1.CollectNodeSupportRequest request, IServerStreamWriter<V1.CollectNodeSupportResponse> responseStream, ServerCallContext context)
    {
        await foreach (var data in inspection.SupportAsync(request.Name, context.CancellationToken))
            await responseStream.WriteAsync(new() { Data = data }, context.CancellationToken);
    }

    public override async Task<V1.RebootNodeResponse> RebootNode(V1.RebootNodeRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.RebootNodeResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new()
            {
                Operation = await operations.BeginAsync(request.Name,
                    new OrderAction.Reboot(EnumMap<V1.RebootMode, RebootMode>.Of(request.Mode)), request.OverrideGates, mutation),
            });

    public override async Task<V1.ShutdownNodeResponse> ShutdownNode(V1.ShutdownNodeRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.ShutdownNodeResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new()
            {
                Operation = await operations.BeginAsync(
                    request.Name, new OrderAction.Shutdown(request.Force), request.OverrideGates, mutation),
            });

    public override async Task<V1.ResetNodeResponse> ResetNode(V1.ResetNodeRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.ResetNodeResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Operation = await operations.ResetAsync(request, mutation) });

    public override async Task<V1.RollbackNodeResponse> RollbackNode(V1.RollbackNodeRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.RollbackNodeResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Operation = await operations.BeginAsync(request.Name, new OrderAction.Rollback(), request.OverrideGates, mutation) });

    public override async Task<V1.RestartNodeServiceResponse> RestartNodeService(
        V1.RestartNodeServiceRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.RestartNodeServiceResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Operation = await operations.RestartAsync(request, mutation) });

    public override async Task<V1.ApplyNodeConfigResponse> ApplyNodeConfig(V1.ApplyNodeConfigRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.ApplyNodeConfigResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Operation = await configs.ApplyAsync(request, context, mutation) });

    public override async Task<V1.SetNodeBmcResponse> SetNodeBmc(V1.SetNodeBmcRequest request, ServerCallContext context)
    {
        // Not even a digest of the password is kept.
        var shown = request.Clone();
        shown.Password = "";
        return await mutations.RunAsync<V1.SetNodeBmcResponse>(context, shown, Ask(request.Name, request.RequestId), async mutation =>
            new() { Node = await bmcs.SetAsync(request, mutation) });
    }

    public override async Task<V1.ForgetNodeBmcResponse> ForgetNodeBmc(V1.ForgetNodeBmcRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.ForgetNodeBmcResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Node = await bmcs.ForgetAsync(request, mutation) });

    public override async Task<V1.GetNodePowerResponse> GetNodePower(V1.GetNodePowerRequest request, ServerCallContext context) =>
        new() { Power = await bmcs.ReadAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.SwitchNodePowerResponse> SwitchNodePower(V1.SwitchNodePowerRequest request, ServerCallContext context) =>
        await mutations.RunAsync<V1.SwitchNodePowerResponse>(context, request, Ask(request.Name, request.RequestId), async mutation =>
            new() { Operation = await operations.SwitchAsync(request, mutation) });

    public override async Task<V1.GetOperationResponse> GetOperation(V1.GetOperationRequest request, ServerCallContext context) =>
        new() { Operation = await operations.GetAsync(request.Name, context.CancellationToken) };

    private static Ask Ask(string name, string requestId) => new($"nodes/{name}", requestId);

    private async Task<V1.Node> DecideAsync(string given, AcceptanceState decision, string etag, Mutation mutation)
    {
        var name = await names.ResolveAsync(given, mutation.Cancellation);
        (await grains.GetGrain<INodeGrain>(name).Decide(decision, mutation.Caller, etag)).Unwrap();
        return await reader.GetAsync(name, mutation.Cancellation);
    }

    private async Task<V1.Node> ClearAsync(string given, string etag, Mutation mutation)
    {
        var name = await names.ResolveAsync(given, mutation.Cancellation);
        var present = await reader.GetAsync(name, mutation.Cancellation);
        if (etag != "" && etag != present.Metadata.Etag)
            throw Refusals.Conflict("node").ToRpc();
        await grains.GetGrain<INodeGrain>(name).Quarantine("");
        return await reader.GetAsync(name, mutation.Cancellation);
    }
}
