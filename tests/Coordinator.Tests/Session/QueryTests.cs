using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Orleans;

namespace Cozy.Fleet.Coordinator.Tests.Session;

/// <summary>What is asked of a node through its rack's agent, over a real session.</summary>
public sealed class QueryTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;

    private AgentQueries Queries => coordinator.Service<AgentQueries>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static NodeRecord Node { get; } = new(new ResourceMetadata("n1", "n1", DateTimeOffset.UnixEpoch)) { Rack = "r1", Address = "10.0.0.9" };

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        await coordinator.Service<IGrainFactory>().GetGrain<IRackGrain>("r1").Create(new(), new("r1", "r1", DateTimeOffset.UnixEpoch), false);
    }

    public async ValueTask DisposeAsync()
    {
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task The_answer_arrives_whole_and_in_its_order_however_many_pieces_it_has()
    {
        using var agent = await ConnectedAsync();
        var asked = Queries.AskWholeAsync(Node, new QueryAsk.ReadConfig(), Limit, Token);
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        Assert.Equal(("n1", "10.0.0.9", Query.AskOneofCase.ReadConfig), (query.Node, query.Address, query.AskCase));

        // As many as an agent may send, and each of the further ones when it is allowed.
        for (var i = 0; i < 100; i++)
        {
            if (i >= query.Credit)
                Assert.Equal(1, (await agent.NextAsync(m => m.QueryCredit is not null)).QueryCredit.Pieces);
            await agent.AnswerAsync(new() { QueryId = query.QueryId, Data = ByteString.CopyFrom((byte)i) });
        }
        await agent.AnswerAsync(End(query, StatusCode.OK, ""));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), await asked);
    }

    [Fact]
    public async Task A_refusal_comes_back_as_the_node_said_it()
    {
        using var agent = await ConnectedAsync();
        var asked = Queries.AskWholeAsync(Node, new QueryAsk.ReadConfig(), Limit, Token);
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        await agent.AnswerAsync(End(query, StatusCode.PermissionDenied, "not authorized"));

        var refusal = await Assert.ThrowsAsync<RpcException>(() => asked);
        Assert.Equal((StatusCode.PermissionDenied, "not authorized"), (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task A_rack_without_an_agent_is_said_at_once()
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() => Queries.AskWholeAsync(Node, new QueryAsk.ReadConfig(), Limit, Token));

        Assert.Equal((StatusCode.Unavailable, "rack r1 has no agent now; node n1 can be asked when it is back."), (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task A_session_that_ends_ends_its_queries()
    {
        var agent = await ConnectedAsync();
        var asked = Queries.AskWholeAsync(Node, new QueryAsk.ReadConfig(), Limit, Token);
        await agent.NextAsync(m => m.Query is not null);
        agent.Dispose();

        var refusal = await Assert.ThrowsAsync<RpcException>(() => asked);
        Assert.Equal((StatusCode.Unavailable, "the agent's session ended: the connection is gone"), (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task An_agent_that_sends_more_than_it_may_is_cut_off_and_the_session_goes_on()
    {
        using var agent = await ConnectedAsync();
        await using var pieces = Queries.AskAsync(Node, new QueryAsk.ReadConfig(), Limit, Token).GetAsyncEnumerator(Token);
        var first = pieces.MoveNextAsync();
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        for (var i = 0; i < 10_000; i++)
            await agent.AnswerAsync(new() { QueryId = query.QueryId, Data = ByteString.CopyFrom(1) });

        var taken = 0;
        var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            for (var more = await first; more; more = await pieces.MoveNextAsync())
                taken++;
        });
        Assert.Equal((StatusCode.ResourceExhausted, "the agent sent more than it was allowed"), (refusal.StatusCode, refusal.Status.Detail));
        Assert.True(taken < 10_000);
        Assert.NotNull(await coordinator.Service<IGrainFactory>().GetGrain<IRackGrain>("r1").Liveness());
    }

    [Fact]
    public async Task Whoever_stops_waiting_stops_the_agent()
    {
        using var agent = await ConnectedAsync();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var asked = Queries.AskWholeAsync(Node, new QueryAsk.ReadConfig(), Limit, patience.Token);
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Equal(query.QueryId, (await agent.NextAsync(m => m.QueryCancel is not null)).QueryCancel.QueryId);
    }

    private async Task<AgentDouble> ConnectedAsync()
    {
        var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await agent.NextAsync()).Welcome);
        return agent;
    }

    private static QueryAnswer End(Query query, StatusCode code, string message) =>
        new() { QueryId = query.QueryId, End = new() { Code = (int)code, Message = message } };
}
