using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class FleetPatchApi(
    ResourceReader<V1.FleetPatch> reader, ResourceWatch<V1.FleetPatch> watch, ResourceWriter<V1.FleetPatch> writer, Mutations mutations)
    : V1.FleetPatchService.FleetPatchServiceBase
{
    public override async Task<V1.GetFleetPatchResponse> GetFleetPatch(V1.GetFleetPatchRequest request, ServerCallContext context) =>
        new() { FleetPatch = await reader.GetAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.ListFleetPatchesResponse> ListFleetPatches(V1.ListFleetPatchesRequest request, ServerCallContext context)
    {
        var page = await reader.ListAsync(request.PageSize, request.PageToken, request.Filter, context.CancellationToken);
        return new() { FleetPatches = { page.Items }, NextPageToken = page.NextToken };
    }

    public override async Task WatchFleetPatches(
        V1.WatchFleetPatchesRequest request, IServerStreamWriter<V1.WatchFleetPatchesResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in watch.WatchAsync(request.Filter, request.ResumeToken, context.CancellationToken))
        {
            await responseStream.WriteAsync(
                new() { Type = change.Type, FleetPatch = change.Item, ResumeToken = change.ResumeToken }, context.CancellationToken);
        }
    }

    public override async Task<V1.CreateFleetPatchResponse> CreateFleetPatch(V1.CreateFleetPatchRequest request, ServerCallContext context)
    {
        var ask = new Ask($"fleetpatches/{request.FleetPatch?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.CreateFleetPatchResponse>(context, request, ask, async mutation =>
            new() { FleetPatch = await writer.CreateAsync(request.FleetPatch, request.ValidateOnly, mutation) });
    }

    public override async Task<V1.UpdateFleetPatchResponse> UpdateFleetPatch(V1.UpdateFleetPatchRequest request, ServerCallContext context)
    {
        var ask = new Ask($"fleetpatches/{request.FleetPatch?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        var how = (request.ValidateOnly, request.AllowMissing);
        return await mutations.RunAsync<V1.UpdateFleetPatchResponse>(context, request, ask, async mutation =>
            new() { FleetPatch = await writer.UpdateAsync(request.FleetPatch, request.UpdateMask, how, mutation) });
    }

    public override async Task<V1.DeleteFleetPatchResponse> DeleteFleetPatch(V1.DeleteFleetPatchRequest request, ServerCallContext context)
    {
        var ask = new Ask($"fleetpatches/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.DeleteFleetPatchResponse>(context, request, ask, async mutation =>
        {
            await writer.DeleteAsync(request.Name, request.Etag, mutation);
            return new();
        });
    }
}
