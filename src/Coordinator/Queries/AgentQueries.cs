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
    /// <summary>Asks a node. A member of a cluster is asked with a credential that lasts as long as the question.</summary>
    /// <exception cref="RpcException">The node's or the agent's refusal; Unavailable when the rack has no agent now.</exception>
    public async IAsyncEnumerable<byte[]> AskAsync(
        NodeRecord node, QueryAsk ask, TimeSpan limit, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var query = new AgentQuery(Guid.NewGuid().ToString(), time.GetUtcNow() + limit, Activity.Current?.Id ?? "",
            node.Metadata.Name, node.Address, ask);
        var (sink, rack) = (new QuerySink(), grains.GetGrain<IRackGrain>(node.Rack));
        var reference = grains.CreateObjectReference<IQuerySink>(sink);
        try
        {
            var asked = node.Allocation is { } place
                ? await grains.GetGrain<IClusterGrain>(place.Cluster).Ask(query, node.Rack, reference)
                : await rack.Ask(query, new(null, null), reference);
            if (!asked)
                throw new RpcException(new(StatusCode.Unavailable, $"rack {node.Rack} has no agent now; node {node.Metadata.Name} can be asked when it is back."));
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

    /// <summary>The whole answer; for those that are small.</summary>
    public async Task<byte[]> AskWholeAsync(NodeRecord node, QueryAsk ask, TimeSpan limit, CancellationToken cancellation)
    {
        using var whole = new MemoryStream();
        await foreach (var piece in AskAsync(node, ask, limit, cancellation))
            whole.Write(piece);
        return whole.ToArray();
    }
}
