using System.Threading.Channels;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Agents;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>What waits to be sent to one agent. The rack grain puts in, the call takes out.</summary>
internal sealed class AgentSession : IAgentSession
{
    // A desired state replaces the one before it, and orders are few: an agent that lets this many wait is cut off and starts anew.
    private readonly Channel<ConnectResponse> outgoing = Channel.CreateBounded<ConnectResponse>(1024);
    private ulong revision;

    public AgentSession() => Queries = new(Put);

    /// <summary>What the agent is asked now.</summary>
    public OpenQueries Queries { get; }

    public ChannelReader<ConnectResponse> Outgoing => outgoing.Reader;

    /// <summary>Why the session ends; null while it goes on.</summary>
    public string? EndReason { get; private set; }

    public Task SetDesiredState(AgentDesiredState state)
    {
        // Calls may overtake each other on their way; an older state must not replace a newer one.
        if (state.Revision > revision)
        {
            revision = state.Revision;
            Put(new() { DesiredState = SessionMapping.ToMessage(state) });
        }
        return Task.CompletedTask;
    }

    public Task Observe(Racks.ObservationLease lease)
    {
        Put(new() { Observation = SessionMapping.ToMessage(lease) });
        return Task.CompletedTask;
    }

    public Task Carry(AgentOrder order, OrderCredentials credentials)
    {
        Put(new() { Command = OrderMapping.ToMessage(order, credentials) });
        return Task.CompletedTask;
    }

    public Task Ask(AgentQuery query, OrderCredentials credentials, IQuerySink sink)
    {
        Queries.Begin(query.QueryId, sink);
        Put(new() { Query = QueryMapping.ToMessage(query, credentials) });
        return Task.CompletedTask;
    }

    public Task AllowQuery(string queryId, int pieces)
    {
        Put(new() { QueryCredit = new() { QueryId = queryId, Pieces = pieces } });
        return Task.CompletedTask;
    }

    public Task CancelQuery(string queryId)
    {
        if (Queries.Forget(queryId))
            Put(new() { QueryCancel = new() { QueryId = queryId } });
        return Task.CompletedTask;
    }

    public Task End(string reason)
    {
        EndReason ??= reason;
        outgoing.Writer.TryComplete();
        return Task.CompletedTask;
    }

    public void Acknowledge(ulong sequence) => Put(new() { Ack = new() { Sequence = sequence } });

    private void Put(ConnectResponse message)
    {
        if (!outgoing.Writer.TryWrite(message))
            End("the agent does not take its messages");
    }
}
