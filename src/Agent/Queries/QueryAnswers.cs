using System.Runtime.CompilerServices;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>What each query answers, with the credentials that came with it.</summary>
internal sealed class QueryAnswers(NodeDial dial)
{
    public IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(Query query, CancellationToken cancellation) => query.AskCase switch
    {
        Query.AskOneofCase.ReadConfig => ConfigAsync(query, cancellation),
        Query.AskOneofCase.DryRunConfig => DryRunAsync(query, cancellation),
        Query.AskOneofCase.IdentifyNode => IdentifyAsync(query, cancellation),
        _ => throw new RpcException(new(StatusCode.Unimplemented, "this agent does not know that query; update it")),
    };

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ConfigAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        yield return await new TalosReader(connection, cancellation).ConfigAsync();
    }

    // A config that the node would refuse is an answer as good as any.
    private async IAsyncEnumerable<ReadOnlyMemory<byte>> DryRunAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        var verdict = await new TalosOperator(connection, cancellation).ApplyAsync(query.DryRunConfig.Config.Memory, new ApplyOptions { DryRun = true });
        if (verdict.Result.Failure == TalosFailure.Transient)
            throw new RpcException(new(StatusCode.Unavailable, verdict.Result.Message));
        var said = verdict.Result.Failure == TalosFailure.None ? verdict.Details : verdict.Result.Message;
        yield return new NodeVerdict { ModeDetails = said, Warnings = { verdict.Warnings } }.ToByteArray();
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> IdentifyAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        NodeObserved seen;
        try
        {
            seen = await NodeProbe.IdentifyAsync(connection, query.Address, cancellation);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable)
        {
            throw new RpcException(new(StatusCode.Unavailable, await connection.ExplainAsync(cancellation)));
        }
        yield return seen.ToByteArray();
    }

    private TalosConnection Dial(Query query) => dial.To(query.Node, query.Address, query.Talos)
        ?? throw new RpcException(new(StatusCode.Unavailable, "the node has no address that this agent knows"));
}
