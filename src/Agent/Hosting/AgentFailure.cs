namespace Cozy.Fleet.Agent.Hosting;

/// <summary>Why the agent must end; the program says it in one sentence and leaves with code 1.</summary>
internal sealed class AgentFailure(IHostApplicationLifetime lifetime)
{
    private Exception? reason;

    public Exception? Reason => Volatile.Read(ref reason);

    public void End(Exception why)
    {
        Volatile.Write(ref reason, why);
        lifetime.StopApplication();
    }
}
