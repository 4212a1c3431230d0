using System.Collections.Concurrent;
using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>Answers a query, piece by piece. A refusal comes out as an <see cref="RpcException"/>, the node's or the agent's own.</summary>
internal delegate IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerQuery(Query query, CancellationToken cancellation);

/// <summary>
/// The queries of one session. Each sends no more pieces than it was allowed, so that a slow reader at the far end holds up its own
/// answer and nobody else's; all of them end with the session.
/// </summary>
internal sealed partial class RunningQueries(
    AnswerQuery answer, ChannelWriter<ConnectRequest> outgoing, TimeProvider clock, ILogger log, CancellationToken session)
{
    private const int PieceBytes = 64 << 10;
    private const int MostAtOnce = 32;

    private readonly ConcurrentDictionary<string, Running> running = new();

    public void Take(Query query)
    {
        var limit = (query.Deadline?.ToDateTimeOffset() ?? default) - clock.GetUtcNow();
        var own = new Running(new(limit > TimeSpan.Zero ? limit : TimeSpan.Zero, clock), new(Math.Max(query.Credit, 1)));
        if (running.Count >= MostAtOnce)
            _ = EndAsync(query.QueryId, StatusCode.ResourceExhausted, $"the agent answers {MostAtOnce} queries already; try again");
        else if (running.TryAdd(query.QueryId, own))
            _ = RunAsync(query, own);
    }

    public void Allow(QueryCredit credit)
    {
        if (credit.Pieces > 0 && running.TryGetValue(credit.QueryId, out var own))
            own.Credit.Release(credit.Pieces);
    }

    /// <summary>Nobody waits any more.</summary>
    public void Cancel(QueryCancel cancel)
    {
        if (running.TryRemove(cancel.QueryId, out var own))
            own.Limit.Cancel();
    }

    private async Task RunAsync(Query query, Running own)
    {
        await Task.Yield(); // The session goes on at once.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(own.Limit.Token, session);
        try
        {
            await foreach (var data in answer(query, ending.Token).WithCancellation(ending.Token))
                await SendAsync(query.QueryId, data, own, ending.Token);
            await EndAsync(query.QueryId, StatusCode.OK, "");
        }
        catch (Exception) when (session.IsCancellationRequested || !running.ContainsKey(query.QueryId))
        {
            // The session is over, or the query was cancelled: there is nobody to tell.
        }
        catch (RpcException refusal) when (!ending.IsCancellationRequested)
        {
            await EndAsync(query.QueryId, refusal.StatusCode, refusal.Status.Detail);
        }
        catch (Exception) when (ending.IsCancellationRequested)
        {
            await EndAsync(query.QueryId, StatusCode.DeadlineExceeded, "the node did not answer in time");
        }
        // A query is a boundary: whatever goes wrong in one ends as its answer, and the session goes on.
        catch (Exception failure)
        {
            LogFailed(failure, query.AskCase, query.Node);
            await EndAsync(query.QueryId, StatusCode.Internal, failure.Message);
        }
        finally
        {
            running.TryRemove(query.QueryId, out _);
            own.Limit.Dispose();
        }
    }

    private async Task SendAsync(string id, ReadOnlyMemory<byte> data, Running own, CancellationToken cancellation)
    {
        for (; data.Length > 0; data = data[Math.Min(PieceBytes, data.Length)..])
        {
            await own.Credit.WaitAsync(cancellation);
            var piece = ByteString.CopyFrom(data.Span[..Math.Min(PieceBytes, data.Length)]);
            await outgoing.WriteAsync(new() { QueryAnswer = new() { QueryId = id, Data = piece } }, cancellation);
        }
    }

    private async Task EndAsync(string id, StatusCode code, string message)
    {
        try
        {
            await outgoing.WriteAsync(new() { QueryAnswer = new() { QueryId = id, End = new() { Code = (int)code, Message = message } } }, session);
        }
        catch (OperationCanceledException)
        {
            // The session ended first; that ends the query for whoever asked.
        }
    }

    [LoggerMessage(LogLevel.Error, "the query {Ask} for {Node} failed")]
    private partial void LogFailed(Exception failure, Query.AskOneofCase ask, string node);

    private sealed record Running(CancellationTokenSource Limit, SemaphoreSlim Credit);
}
