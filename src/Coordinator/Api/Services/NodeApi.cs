using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Domain.Nodes;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class NodeApi(
    ResourceReader<V1.Node> reader, ResourceWatch<V1.Node> watch, ResourceUpdater<V1.Node> updater, NodeNames names,
    Mutations mutations, NodeCheckApi check, IGrainFactory grains) : V1.NodeService.NodeServiceBase
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

    public override async Task<V1.CheckNodeResponse> CheckNode(V1.CheckNodeRequest request, ServerCallContext context) =>
        await check.CheckAsync(await names.ResolveAsync(request.Name, context.CancellationToken), context.CancellationToken);

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
