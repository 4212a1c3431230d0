using System.Text;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>What is looked at on a node, from the API to the node that an agent's double plays.</summary>
public sealed class NodeInspectionTests : IAsyncLifetime
{
    private PlayedCluster played = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => played = await PlayedCluster.StartAsync(Management.Observed);

    public ValueTask DisposeAsync() => played.DisposeAsync();

    [Fact]
    public async Task A_log_is_followed_piece_by_piece_and_leaving_stops_the_agent()
    {
        var call = played.Nodes.ReadNodeLogs(new() { Name = "cp-11", Service = "kubelet", TailLines = 7, Follow = true },
            cancellationToken: Token);
        var query = (await played.Agent.NextAsync(m => m.Query is not null)).Query;
        await played.Agent.AnswerAsync(new() { QueryId = query.QueryId, Data = ByteString.CopyFromUtf8("one") });
        Assert.Equal("one", (await RunningApi.NextAsync(call.ResponseStream)).Data.ToStringUtf8());
        await played.Agent.AnswerAsync(new() { QueryId = query.QueryId, Data = ByteString.CopyFromUtf8("two") });
        Assert.Equal("two", (await RunningApi.NextAsync(call.ResponseStream)).Data.ToStringUtf8());
        call.Dispose();

        Assert.Equal(new ReadLogs { Service = "kubelet", TailLines = 7, Follow = true }, query.ReadLogs);
        Assert.Contains("BEGIN CERTIFICATE", query.Talos.Certificate, StringComparison.Ordinal);
        Assert.Equal(query.QueryId, (await played.Agent.NextAsync(m => m.QueryCancel is not null)).QueryCancel.QueryId);
    }

    [Fact]
    public async Task Kernel_messages_and_a_support_archive_come_as_the_node_gives_them()
    {
        using var dmesg = played.Nodes.ReadNodeDmesg(new() { Name = "w-14" }, cancellationToken: Token);
        var asked = await AnswerAsync("kern: up");
        var (dmesgText, dmesgAsk) = (await WholeAsync(dmesg.ResponseStream, piece => piece.Data), asked.ReadDmesg);
        using var support = played.Nodes.CollectNodeSupport(new() { Name = "w-14" }, cancellationToken: Token);
        asked = await AnswerAsync("PK");

        Assert.Equal(("kern: up", new ReadDmesg()), (dmesgText, dmesgAsk));
        Assert.Equal(("PK", Query.AskOneofCase.CollectSupport), (await WholeAsync(support.ResponseStream, piece => piece.Data),
            asked.AskCase));
    }

    [Fact]
    public async Task What_the_agent_kept_of_a_kernels_log_is_asked_of_the_agent_alone()
    {
        using var dmesg = played.Nodes.ReadNodeDmesg(new() { Name = "w-14", Kept = true }, cancellationToken: Token);
        var query = await AnswerAsync("kern: was up");

        Assert.Equal("kern: was up", await WholeAsync(dmesg.ResponseStream, piece => piece.Data));
        Assert.Equal(new ReadKernelLog { Macs = { "52:54:00:00:00:14" } }, query.ReadKernelLog);
        Assert.Equal(PlayedCluster.Uuid(14), query.Node);
        Assert.Null(query.Talos);

        using var both = played.Nodes.ReadNodeDmesg(new() { Name = "w-14", Kept = true, Follow = true }, cancellationToken: Token);
        var refusal = await RunningApi.RefusalAsync(() => both.ResponseStream.MoveNext(Token));
        Assert.Equal((StatusCode.InvalidArgument, "follow"), (refusal.Code, Assert.Single(refusal.Fields)));
    }

    [Fact]
    public async Task Services_say_whether_they_are_healthy_where_they_can()
    {
        var listing = played.Nodes.ListNodeServicesAsync(new() { Name = "cp-11" }, cancellationToken: Token).ResponseAsync;
        await AnswerAsync(new ServiceStates
        {
            Services =
            {
                new ServiceState { Id = "etcd", State = "Running", Healthy = false, Message = "no leader" },
                new ServiceState { Id = "udevd", State = "Running" },
            },
        }.ToByteArray());

        var services = (await listing).Services;
        Assert.Equal([("etcd", true, false, "no leader"), ("udevd", false, false, "")], services.Select(s => (s.Id, s.HasHealthy,
            s.Healthy, s.Message)));
    }

    [Fact]
    public async Task What_the_node_refuses_is_said_as_the_nodes_word_and_not_as_the_coordinators()
    {
        using var call = played.Nodes.ReadNodeLogs(new() { Name = "cp-11", Service = "nosuch" }, cancellationToken: Token);
        var query = (await played.Agent.NextAsync(m => m.Query is not null)).Query;
        await played.Agent.AnswerAsync(
            new()
            {
                QueryId = query.QueryId, End = new()
                {
                    Code = (int)StatusCode.Unimplemented,
                    Message = "this agent does not know that query; update it"
                }
            });

        var refusal = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Token));
        Assert.Equal((StatusCode.FailedPrecondition, $"node {PlayedCluster.Uuid(11)}: this agent does not know that query; update it"),
            (refusal.StatusCode, refusal.Status.Detail));
    }

    [Fact]
    public async Task A_snapshot_comes_from_a_healthy_member_that_does_not_lead_and_stands_in_the_events()
    {
        await played.SeenAsync(12, seen => seen.Etcd.Errors.Add("NOSPACE"));
        using var call = played.Clusters.SnapshotEtcd(new() { Name = "prod" }, cancellationToken: Token);
        var query = await AnswerAsync("etcd");

        Assert.Equal("etcd", await WholeAsync(call.ResponseStream, piece => piece.Data));
        Assert.Equal((Query.AskOneofCase.SnapshotEtcd, "10.0.0.13"), (query.AskCase, query.Address));
        Assert.Contains("SnapshotIssued: a snapshot of etcd was read from cp-13", await played.EventsAsync("clusters/prod"));
    }

    [Fact]
    public async Task Without_a_healthy_member_there_is_no_snapshot()
    {
        foreach (var last in (int[])[11, 12, 13])
            await played.SeenAsync(last, seen => seen.Etcd = new() { Error = "connection refused" });
        using var call = played.Clusters.SnapshotEtcd(new() { Name = "prod" }, cancellationToken: Token);

        var refusal = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Token));
        Assert.Equal((StatusCode.FailedPrecondition,
            "no control plane of cluster prod was seen with a healthy etcd lately; cozyfleet describe cluster prod says why."),
            (refusal.StatusCode, refusal.Status.Detail));
    }

    private Task<Query> AnswerAsync(string text) => AnswerAsync(Encoding.UTF8.GetBytes(text));

    private async Task<Query> AnswerAsync(byte[] answer)
    {
        var query = (await played.Agent.NextAsync(m => m.Query is not null)).Query;
        await played.AnswerAsync(query, answer);
        return query;
    }

    private static async Task<string> WholeAsync<T>(IAsyncStreamReader<T> stream, Func<T, ByteString> data)
    {
        var text = new StringBuilder();
        await foreach (var piece in stream.ReadAllAsync(Token))
            text.Append(data(piece).ToStringUtf8());
        return text.ToString();
    }
}
