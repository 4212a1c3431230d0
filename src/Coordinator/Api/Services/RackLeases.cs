using System.Net;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Domain.Agents;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>The DHCP leases of a rack. They are the agent's: it is asked each time.</summary>
internal sealed class RackLeases(ResourceReader<V1.Rack> racks, AgentQueries queries)
{
    private const string Kind = "leases";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<V1.ListLeasesResponse> ListAsync(V1.ListLeasesRequest request, CancellationToken cancellation)
    {
        await racks.GetAsync(request.Rack, cancellation);
        var after = PageToken.Read(Kind, request.Rack, request.PageToken);
        var page = await AskAsync(request.Rack, new QueryAsk.ReadLeases(PageToken.Size(request.PageSize), after), cancellation);
        return new()
        {
            Leases = { page.Leases },
            NextPageToken = page.More ? PageToken.Write(Kind, request.Rack, page.Leases[^1].Address) : "",
        };
    }

    public async Task<V1.DhcpLease> ReleaseAsync(V1.ReleaseLeaseRequest request, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(request.Address, out var address))
            throw Problems.Of("address", $"'{request.Address}' is not an IP address");
        await racks.GetAsync(request.Rack, cancellation);
        return (await AskAsync(request.Rack, new QueryAsk.EndLease(address.ToString()), cancellation)).Leases.Single();
    }

    private async Task<V1.LeasePage> AskAsync(string rack, QueryAsk ask, CancellationToken cancellation) =>
        V1.LeasePage.Parser.ParseFrom(await queries.AskAgentAsync(rack, ask, Limit, cancellation));
}
