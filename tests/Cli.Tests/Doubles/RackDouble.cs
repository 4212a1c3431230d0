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

    // Two on a page, so that whoever stops at the first one is seen.
    public override Task<ListLeasesResponse> ListLeases(ListLeasesRequest request, ServerCallContext context)
    {
        fleet.Racks.Get(request.Rack);
        var start = request.PageToken == "" ? 0 : int.Parse(request.PageToken, System.Globalization.CultureInfo.InvariantCulture);
        var next = start + 2 < fleet.Leases.Count ? $"{start + 2}" : "";
        return Task.FromResult(new ListLeasesResponse { Leases = { fleet.Leases.Skip(start).Take(2) }, NextPageToken = next });
    }

    public override Task<ReleaseLeaseResponse> ReleaseLease(ReleaseLeaseRequest request, ServerCallContext context)
    {
        var lease = fleet.Leases.SingleOrDefault(l => l.Address == request.Address)
            ?? throw new RpcException(new(StatusCode.NotFound, $"nobody has {request.Address}, and it does not rest either."));
        fleet.Leases.Remove(lease);
        return Task.FromResult(new ReleaseLeaseResponse { Lease = lease });
    }
}
