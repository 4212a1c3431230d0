using System.Collections.Concurrent;
using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Queries;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>The queries that one agent answers now. Each answer is handed on piece by piece, so that its order is kept.</summary>
internal sealed class OpenQueries(Action<ConnectResponse> send)
{
    /// <summary>How many pieces may be under way for one query.</summary>
    public const int Credit = 16;

    private readonly ConcurrentDictionary<string, Channel<QueryAnswer>> open = new();

    public void Begin(string id, IQuerySink sink)
    {
        var answers = Channel.CreateBounded<QueryAnswer>(Credit + 1);
        open[id] = answers;
        _ = HandOnAsync(id, answers.Reader, sink);
    }

    /// <summary>Takes a piece; one of a query that nobody asked, or that is over, is dropped.</summary>
    public void Take(QueryAnswer answer)
    {
        if (open.TryGetValue(answer.QueryId, out var answers) && !answers.Writer.TryWrite(answer))
            End(answers, StatusCode.ResourceExhausted, "the agent sent more than it was allowed");
    }

    /// <summary>Nobody waits for the answer any more.</summary>
    public bool Forget(string id) => open.TryRemove(id, out var answers) && answers.Writer.TryComplete();

    /// <summary>The session is over, and every query with it.</summary>
    public void EndAll(string reason)
    {
        foreach (var answers in open.Values)
            End(answers, StatusCode.Unavailable, $"the agent's session ended: {reason}");
    }

    private static void End(Channel<QueryAnswer> answers, StatusCode code, string message) =>
        answers.Writer.TryComplete(new RpcException(new(code, message)));

    private async Task HandOnAsync(string id, ChannelReader<QueryAnswer> answers, IQuerySink sink)
    {
        try
        {
            await foreach (var answer in answers.ReadAllAsync())
            {
                if (answer.End is not { } end)
                {
                    await sink.Receive(answer.Data.ToByteArray());
                    continue;
                }
                open.TryRemove(id, out _);
                await sink.End(end.Code, end.Message);
                return;
            }
        }
        catch (RpcException over) when (open.TryRemove(id, out _))
        {
            await sink.End((int)over.StatusCode, over.Status.Detail);
        }
        catch (OrleansException)
        {
            // Whoever asked is gone: the agent need not go on.
            open.TryRemove(id, out _);
            send(new() { QueryCancel = new() { QueryId = id } });
        }
    }
}
