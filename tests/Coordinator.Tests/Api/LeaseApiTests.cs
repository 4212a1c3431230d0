using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Session;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Orleans;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>The leases of a rack, asked of its agent over a real session.</summary>
public sealed class LeaseApiTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel channel = null!;

    private RackService.RackServiceClient Racks => new(channel);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        channel = coordinator.DialAsOperator();
        await coordinator.Service<IGrainFactory>().GetGrain<IRackGrain>("r1").Create(new(), new("r1", "r1",
            DateTimeOffset.UnixEpoch), false);
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task The_next_page_starts_behind_the_last_address()
    {
        using var agent = await ConnectedAsync();

        var first = Racks.ListLeasesAsync(new() { Rack = "r1", PageSize = 2 }, cancellationToken: Token);
        Assert.Equal((2, ""), await AnswerAsync(agent, Page(more: true, "10.1.0.9", "10.1.0.10"), q => (q.ReadLeases.Limit,
            q.ReadLeases.After)));
        var page = await first;
        var second = Racks.ListLeasesAsync(new() { Rack = "r1", PageToken = page.NextPageToken }, cancellationToken: Token);
        Assert.Equal((100, "10.1.0.10"), await AnswerAsync(agent, Page(more: false, "10.1.0.11"), q => (q.ReadLeases.Limit,
            q.ReadLeases.After)));

        Assert.Equal(["10.1.0.9", "10.1.0.10"], page.Leases.Select(l => l.Address));
        Assert.Equal(("10.1.0.11", ""), (Assert.Single((await second).Leases).Address, (await second).NextPageToken));
    }

    [Fact]
    public async Task A_lease_is_released_once_however_often_the_request_is_repeated()
    {
        using var agent = await ConnectedAsync();
        var request = new ReleaseLeaseRequest { Rack = "r1", Address = "10.1.0.9", RequestId = Guid.NewGuid().ToString() };

        var released = Racks.ReleaseLeaseAsync(request, cancellationToken: Token);
        Assert.Equal("10.1.0.9", await AnswerAsync(agent, Page(more: false, "10.1.0.9"), q => q.EndLease.Address));

        Assert.Equal("10.1.0.9", (await released).Lease.Address);
        Assert.Equal("10.1.0.9", (await Racks.ReleaseLeaseAsync(request,
            cancellationToken: Token)).Lease.Address); // The agent is not asked again.
    }

    [Fact]
    public async Task What_the_agent_refuses_is_told_as_it_is()
    {
        using var agent = await ConnectedAsync();
        var released = Racks.ReleaseLeaseAsync(new() { Rack = "r1", Address = "10.1.0.9" }, cancellationToken: Token);
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        await agent.AnswerAsync(new()
        {
            QueryId = query.QueryId, End = new()
            {
                Code = (int)StatusCode.NotFound,
                Message = "nobody has it"
            }
        });

        var refusal = await Assert.ThrowsAsync<RpcException>(async () => await released);
        Assert.Equal((StatusCode.NotFound, "nobody has it"), (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task Without_an_agent_or_a_rack_or_an_address_it_is_said_what_is_missing()
    {
        async Task<(StatusCode, string)> RefusalAsync(Func<Task> call)
        {
            var refusal = await Assert.ThrowsAsync<RpcException>(call);
            return (refusal.StatusCode, refusal.Status.Detail);
        }

        Assert.Equal((StatusCode.Unavailable, "rack r1 has no agent now; try again when it is back."),
            await RefusalAsync(async () => await Racks.ListLeasesAsync(new() { Rack = "r1" }, cancellationToken: Token)));
        Assert.Equal((StatusCode.NotFound, "there is no rack r9."),
            await RefusalAsync(async () => await Racks.ListLeasesAsync(new() { Rack = "r9" }, cancellationToken: Token)));
        Assert.Equal(StatusCode.InvalidArgument,
            (await RefusalAsync(async () => await Racks.ReleaseLeaseAsync(new() { Rack = "r1", Address = "x" },
                cancellationToken: Token))).Item1);
    }

    private static LeasePage Page(bool more, params string[] addresses) =>
        new() { More = more, Leases = { addresses.Select(a => new DhcpLease { Address = a }) } };

    private static async Task<T> AnswerAsync<T>(AgentDouble agent, LeasePage page, Func<Query, T> read)
    {
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        await agent.AnswerAsync(new() { QueryId = query.QueryId, Data = page.ToByteString() });
        await agent.AnswerAsync(new() { QueryId = query.QueryId, End = new() });
        return read(query);
    }

    private async Task<AgentDouble> ConnectedAsync()
    {
        var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await agent.NextAsync()).Welcome);
        return agent;
    }
}
