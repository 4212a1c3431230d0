using System.Text;
using System.Threading.Channels;
using Cozy.Fleet.Agent.Queries;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Queries;

public sealed class RunningQueriesTests : IDisposable
{
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly Channel<ConnectRequest> outgoing = Channel.CreateUnbounded<ConnectRequest>();
    private readonly Channel<string> pieces = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource session = new();
    private readonly TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => session.Dispose();

    [Fact]
    public async Task No_more_pieces_are_sent_than_were_allowed()
    {
        var queries = Queries((query, _) => Each(query.QueryId == "q1" ? ["a", "b", "c"] : ["d"]));
        queries.Take(Ask("q1", credit: 2));
        Assert.Equal(("a", "b"), (await PieceAsync(), await PieceAsync()));
        queries.Take(Ask("q2", credit: 1)); // It is not held up by the first one.
        Assert.Equal("d", await PieceAsync());
        Assert.Equal((0, ""), await EndAsync());
        queries.Allow(new() { QueryId = "q1", Pieces = 1 });
        Assert.Equal("c", await PieceAsync());
    }

    [Fact]
    public async Task A_long_answer_is_cut_into_pieces()
    {
        Queries((_, _) => Each(new string('x', (64 << 10) + 1))).Take(Ask("q1", credit: 4));

        Assert.Equal((64 << 10, 1), ((await NextAsync()).Data.Length, (await NextAsync()).Data.Length));
        Assert.Equal((0, ""), await EndAsync());
    }

    [Fact]
    public async Task A_refusal_is_told_as_it_is()
    {
        Queries((_, _) => throw new RpcException(new(StatusCode.PermissionDenied, "not authorized"))).Take(Ask("q1"));

        Assert.Equal(((int)StatusCode.PermissionDenied, "not authorized"), await EndAsync());
    }

    [Fact]
    public async Task A_node_that_does_not_answer_in_time_is_given_up()
    {
        Queries(AnswerPieces).Take(Ask("q1"));
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(((int)StatusCode.DeadlineExceeded, "the node did not answer in time"), await EndAsync());
    }

    [Fact]
    public async Task A_cancelled_query_stops_and_says_nothing()
    {
        var queries = Queries(AnswerPieces);
        queries.Take(Ask("q1"));
        pieces.Writer.TryWrite("a");
        Assert.Equal("a", await PieceAsync());
        queries.Cancel(new() { QueryId = "q1" });

        await cancelled.Task.WaitAsync(Token);
        Assert.False(outgoing.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_end_of_the_session_is_the_end_of_its_queries()
    {
        Queries(AnswerPieces).Take(Ask("q1"));
        pieces.Writer.TryWrite("a");
        Assert.Equal("a", await PieceAsync());
        await session.CancelAsync();

        await cancelled.Task.WaitAsync(Token);
    }

    private RunningQueries Queries(AnswerQuery answer) => new(answer, outgoing.Writer, clock, NullLogger.Instance, session.Token);

    private Query Ask(string id, int credit = 1) =>
        new() { QueryId = id, Credit = credit, Deadline = clock.GetUtcNow().AddMinutes(1).ToTimestamp(), ReadConfig = new() };

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerPieces(
        Query query, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            await foreach (var piece in pieces.Reader.ReadAllAsync(cancellation))
                yield return Encoding.UTF8.GetBytes(piece);
        }
        finally
        {
            // Not by a registration at the token: the end of the reading may take that back before it is called.
            if (cancellation.IsCancellationRequested)
                cancelled.TrySetResult();
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Each(params string[] answer)
    {
        await Task.CompletedTask;
        foreach (var piece in answer)
            yield return Encoding.UTF8.GetBytes(piece);
    }

    private async Task<QueryAnswer> NextAsync() => (await outgoing.Reader.ReadAsync(Token)).QueryAnswer;

    private async Task<string> PieceAsync() => (await NextAsync()).Data.ToStringUtf8();

    private async Task<(int, string)> EndAsync()
    {
        var end = (await NextAsync()).End;
        return (end.Code, end.Message);
    }
}
