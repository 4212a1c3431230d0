using System.Runtime.CompilerServices;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>What each query answers, with the credentials that came with it.</summary>
internal sealed class QueryAnswers(NodeDial dial, LeaseAnswers leases)
{
    public IAsyncEnumerable<ReadOnlyMemory<byte>> AnswerAsync(Query query, CancellationToken cancellation) => query.AskCase switch
    {
        Query.AskOneofCase.ReadConfig => ConfigAsync(query, cancellation),
        Query.AskOneofCase.ReadLeases => leases.ReadAsync(query.ReadLeases),
        Query.AskOneofCase.EndLease => leases.EndAsync(query.EndLease),
        _ => throw new RpcException(new(StatusCode.Unimplemented, "this agent does not know that query; update it")),
    };

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ConfigAsync(Query query, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var connection = Dial(query);
        yield return await new TalosReader(connection, cancellation).ConfigAsync();
    }

    private TalosConnection Dial(Query query) => dial.To(query.Node, query.Address, query.Talos)
        ?? throw new RpcException(new(StatusCode.Unavailable, "the node has no address that this agent knows"));
}
