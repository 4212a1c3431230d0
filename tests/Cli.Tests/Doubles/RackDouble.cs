using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The racks of the fleet double.</summary>
internal sealed class RackDouble(FleetDouble fleet) : RackService.RackServiceBase
{
    public override Task<GetRackResponse> GetRack(GetRackRequest request, ServerCallContext context) =>
        Task.FromResult(new GetRackResponse { Rack = fleet.Racks.Get(request.Name) });

    public override Task<ListRacksResponse> ListRacks(ListRacksRequest request, ServerCallContext context)
    {
        var (page, next) = fleet.Racks.List(request.Filter, request.PageToken);
        return Task.FromResult(new ListRacksResponse { Racks = { page }, NextPageToken = next });
    }

    public override Task WatchRacks(
        WatchRacksRequest request, IServerStreamWriter<WatchRacksResponse> responseStream, ServerCallContext context) =>
        fleet.Racks.WatchAsync(
            request.Filter,
            request.ResumeToken,
            (type, rack, token) => responseStream.WriteAsync(new() { Type = type, Rack = rack, ResumeToken = token }),
            context.CancellationToken);

    public override Task<UpdateRackResponse> UpdateRack(UpdateRackRequest request, ServerCallContext context) =>
        Task.FromResult(new UpdateRackResponse
        {
            Rack = fleet.Racks.Write(request.Rack, request.RequestId, request.ValidateOnly, request.AllowMissing),
        });

    public override Task<DeleteRackResponse> DeleteRack(DeleteRackRequest request, ServerCallContext context)
    {
        fleet.Racks.Delete(request.Name);
        return Task.FromResult(new DeleteRackResponse());
    }
}
