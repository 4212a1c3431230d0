namespace Cozy.Fleet.Coordinator.Racks;

/// <summary>The present session of a rack's agent, and what it must be told again when it connects anew. In memory only.</summary>
internal sealed class AgentLink
{
    private readonly Dictionary<string, ObservationLease> leases = [];
    private IAgentSession? session;

    public string SessionId { get; private set; } = "";

    public bool IsConnected => session is not null;

    public AgentLiveness? Liveness { get; set; }

    /// <summary>What was published in this session; null when nothing was yet.</summary>
    public AgentDesiredState? Published { get; private set; }

    public IEnumerable<string> Clusters => leases.Keys;

    /// <summary>A new session takes over.</summary>
    public async Task Begin(string sessionId, IAgentSession next, DateTimeOffset now)
    {
        if (session is not null)
            await session.End("another session of this rack took over");
        (session, SessionId, Published) = (next, sessionId, null);
        Liveness = new(now, 0, [], []);
        foreach (var lease in leases.Values.Where(l => l.ExpireTime > now))
            await next.Observe(lease);
    }

    public async Task End(string reason)
    {
        if (session is not null)
            await session.End(reason);
        Forget();
    }

    public void Forget() => (session, SessionId, Published, Liveness) = (null, "", null, null);

    public async Task<bool> Publish(AgentDesiredState state)
    {
        if (session is null)
            return false;
        Published = state;
        await session.SetDesiredState(state);
        return true;
    }

    /// <summary>Kept for an agent that connects later.</summary>
    public async Task<bool> Observe(ObservationLease lease)
    {
        leases[lease.Cluster] = lease;
        if (session is null)
            return false;
        await session.Observe(lease);
        return true;
    }

    /// <summary>For the agent that is connected now; false when none is.</summary>
    public async Task<bool> Tell(Func<IAgentSession, Task> tell)
    {
        if (session is null)
            return false;
        await tell(session);
        return true;
    }
}
