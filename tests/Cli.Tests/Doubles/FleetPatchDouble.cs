using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The fleet patches of the fleet double.</summary>
internal sealed class FleetPatchDouble(FleetDouble fleet) : FleetPatchService.FleetPatchServiceBase
{
    public override Task<GetFleetPatchResponse> GetFleetPatch(GetFleetPatchRequest request, ServerCallContext context) =>
        Task.FromResult(new GetFleetPatchResponse { FleetPatch = fleet.FleetPatches.Get(request.Name) });

    public override Task<ListFleetPatchesResponse> ListFleetPatches(ListFleetPatchesRequest request, ServerCallContext context)
    {
        var (page, next) = fleet.FleetPatches.List(request.Filter, request.PageToken);
        return Task.FromResult(new ListFleetPatchesResponse { FleetPatches = { page }, NextPageToken = next });
    }

    public override Task WatchFleetPatches(
        WatchFleetPatchesRequest request, IServerStreamWriter<WatchFleetPatchesResponse> responseStream, ServerCallContext context) =>
        fleet.FleetPatches.WatchAsync(
            request.Filter,
            request.ResumeToken,
            (type, patch, token) => responseStream.WriteAsync(new() { Type = type, FleetPatch = patch, ResumeToken = token }),
            context.CancellationToken);

    public override Task<UpdateFleetPatchResponse> UpdateFleetPatch(UpdateFleetPatchRequest request, ServerCallContext context) =>
        Task.FromResult(new UpdateFleetPatchResponse
        {
            FleetPatch = fleet.FleetPatches.Write(request.FleetPatch, request.RequestId, request.ValidateOnly, request.AllowMissing),
        });

    public override Task<DeleteFleetPatchResponse> DeleteFleetPatch(DeleteFleetPatchRequest request, ServerCallContext context)
    {
        fleet.FleetPatches.Delete(request.Name);
        return Task.FromResult(new DeleteFleetPatchResponse());
    }
}
