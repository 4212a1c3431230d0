using System.Diagnostics;
using System.Runtime.CompilerServices;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Queries;

/// <summary>Asks agents, and nodes through them, and hands on what they answer.</summary>
internal sealed class AgentQueries(IGrainFactory grains, TimeProvider time)
{
    /// <summary>
    /// Asks a node, or its rack's agent about it. A member of a cluster is asked with a credential that lasts as long as the question, where
    /// the question needs one.
    /// </summary>
    /// <exception cref="RpcException">The node's or the agent's refusal; Unavailable when the rack has no agent now.</exception>
    public IAsyncEnumerable<byte[]> AskAsync(NodeRecord node, QueryAsk ask, TimeSpan limit, CancellationToken cancellation)
    {
        var query = Query(node.Metadata.Name, node.Address, ask, limit);
        return AskAsync(node.Rack, query, sink => node.Allocation is { } place && ask.Role != TalosRole.None
            ? grains.GetGrain<IClusterGrain>(place.Cluster).Ask(query, node.Rack, sink)
            : grains.GetGrain<IRackGrain>(node.Rack).Ask(query, new(null, null), sink), cancellation);
    }

    /// <summary>The whole answer; for those that are small.</summary>
    /// <inheritdoc cref="AskAsync(NodeRecord, QueryAsk, TimeSpan, CancellationToken)"/>
    public Task<byte[]> AskWholeAsync(NodeRecord node, QueryAsk ask, TimeSpan limit, CancellationToken cancellation) =>
        WholeAsync(AskAsync(node, ask, limit, cancellation));

    /// <summary>Asks whoever answers at an address that a rack's agent reaches.</summary>
    /// <inheritdoc cref="AskAsync(NodeRecord, QueryAsk, TimeSpan, CancellationToken)"/>
    public Task<byte[]> AskWholeAsync(
        (string Rack, string Address) place, QueryAsk ask, OrderCredentials credentials, TimeSpan limit, CancellationToken cancellation)
    {
        var query = Query("", place.Address, ask, limit);
        return WholeAsync(AskAsync(place.Rack, query, sink => grains.GetGrain<IRackGrain>(place.Rack).Ask(query, credentials, sink), cancellation));
    }

    /// <summary>Asks a rack's agent itself.</summary>
    /// <inheritdoc cref="AskAsync(NodeRecord, QueryAsk, TimeSpan, CancellationToken)"/>
    public Task<byte[]> AskAgentAsync(string rack, QueryAsk ask, TimeSpan limit, CancellationToken cancellation) =>
        AskWholeAsync((rack, ""), ask, new(null, null), limit, cancellation);

    /// <summary>Asks about a node with credentials that are no cluster's.</summary>
    /// <inheritdoc cref="AskAsync(NodeRecord, QueryAsk, TimeSpan, CancellationToken)"/>
    public Task<byte[]> AskWholeAsync(NodeRecord node, QueryAsk ask, OrderCredentials credentials, TimeSpan limit, CancellationToken cancellation)
    {
        var query = Query(node.Metadata.Name, node.Address, ask, limit);
        return WholeAsync(AskAsync(node.Rack, query, sink => grains.GetGrain<IRackGrain>(node.Rack).Ask(query, credentials, sink), cancellation));
    }

    private AgentQuery Query(string node, string address, QueryAsk ask, TimeSpan limit) =>
        new(Guid.NewGuid().ToString(), time.GetUtcNow() + limit, Activity.Current?.Id ?? "", node, address, ask);

    private async IAsyncEnumerable<byte[]> AskAsync(
        string rackName, AgentQuery query, Func<IQuerySink, Task<bool>> ask, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (sink, rack) = (new QuerySink(), grains.GetGrain<IRackGrain>(rackName));
        var reference = grains.CreateObjectReference<IQuerySink>(sink);
        try
        {
            if (!await ask(reference))
                throw Away(rackName, query.Node == "" ? "try again" : $"node {query.Node} can be asked");
            await foreach (var piece in sink.ReadAllAsync(cancellation))
            {
                yield return piece;
                await rack.AllowQuery(query.QueryId, 1);
            }
        }
        finally
        {
            await rack.CancelQuery(query.QueryId); // Does nothing when the answer is complete.
            grains.DeleteObjectReference<IQuerySink>(reference);
            GC.KeepAlive(sink); // Object references hold their object weakly.
        }
    }

    private static RpcException Away(string rack, string advice) =>
        new(new(StatusCode.Unavailable, $"rack {rack} has no agent now; {advice} when it is back."));

    private static async Task<byte[]> WholeAsync(IAsyncEnumerable<byte[]> pieces)
    {
        using var whole = new MemoryStream();
        await foreach (var piece in pieces)
            whole.Write(piece);
        return whole.ToArray();
    }
}
