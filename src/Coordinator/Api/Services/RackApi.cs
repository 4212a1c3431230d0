using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class RackApi(
    ResourceReader<V1.Rack> reader, ResourceWatch<V1.Rack> watch, ResourceWriter<V1.Rack> writer, RackLeases leases, Mutations mutations)
    : V1.RackService.RackServiceBase
{
    public override async Task<V1.GetRackResponse> GetRack(V1.GetRackRequest request, ServerCallContext context) =>
        new() { Rack = await reader.GetAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.ListRacksResponse> ListRacks(V1.ListRacksRequest request, ServerCallContext context)
    {
        var page = await reader.ListAsync(request.PageSize, request.PageToken, request.Filter, context.CancellationToken);
        return new() { Racks = { page.Items }, NextPageToken = page.NextToken };
    }

    public override async Task WatchRacks(
        V1.WatchRacksRequest request, IServerStreamWriter<V1.WatchRacksResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in watch.WatchAsync(request.Filter, request.ResumeToken, context.CancellationToken))
        {
            await responseStream.WriteAsync(
                new() { Type = change.Type, Rack = change.Item, ResumeToken = change.ResumeToken }, context.CancellationToken);
        }
    }

    public override async Task<V1.CreateRackResponse> CreateRack(V1.CreateRackRequest request, ServerCallContext context)
    {
        var ask = new Ask($"racks/{request.Rack?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.CreateRackResponse>(context, request, ask, async mutation =>
            new() { Rack = await writer.CreateAsync(request.Rack, request.ValidateOnly, mutation) });
    }

    public override async Task<V1.UpdateRackResponse> UpdateRack(V1.UpdateRackRequest request, ServerCallContext context)
    {
        var ask = new Ask($"racks/{request.Rack?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        var how = (request.ValidateOnly, request.AllowMissing);
        return await mutations.RunAsync<V1.UpdateRackResponse>(context, request, ask, async mutation =>
            new() { Rack = await writer.UpdateAsync(request.Rack, request.UpdateMask, how, mutation) });
    }

    public override async Task<V1.DeleteRackResponse> DeleteRack(V1.DeleteRackRequest request, ServerCallContext context)
    {
        var ask = new Ask($"racks/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.DeleteRackResponse>(context, request, ask, async mutation =>
        {
            await writer.DeleteAsync(request.Name, request.Etag, mutation);
            return new();
        });
    }

    public override Task<V1.ListLeasesResponse> ListLeases(V1.ListLeasesRequest request, ServerCallContext context) =>
        leases.ListAsync(request, context.CancellationToken);

    public override async Task<V1.ReleaseLeaseResponse> ReleaseLease(V1.ReleaseLeaseRequest request, ServerCallContext context)
    {
        var ask = new Ask($"racks/{request.Rack}/leases/{request.Address}", request.RequestId);
        return await mutations.RunAsync<V1.ReleaseLeaseResponse>(context, request, ask, async mutation =>
            new() { Lease = await leases.ReleaseAsync(request, mutation.Cancellation) });
    }
}
