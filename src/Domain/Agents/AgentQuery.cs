using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Agents;

/// <summary>
/// Something that is asked of an agent, or of a node through it. It changes nothing, is stored nowhere and ends with the agent's
/// session; whoever asks hears the answer as it comes.
/// </summary>
/// <param name="Node">Empty when the agent itself is asked.</param>
public sealed record AgentQuery(
    string QueryId, DateTimeOffset Deadline, string Traceparent, string Node, string Address, QueryAsk Ask);

/// <summary>What is asked. Closed: the agent knows all of them.</summary>
public abstract record QueryAsk
{
    private QueryAsk(TalosRole role) => Role = role;

    /// <summary>The Talos role that a configured node wants for it.</summary>
    public TalosRole Role { get; }

    /// <summary>The active machine config. It holds secrets, so the node wants an admin (talos.md 2.1).</summary>
    public sealed record ReadConfig() : QueryAsk(TalosRole.Admin);

    /// <summary>Who answers at the address.</summary>
    public sealed record IdentifyNode() : QueryAsk(TalosRole.Reader);

    /// <summary>What the node would do with this config; nothing is kept.</summary>
    public sealed record DryRunConfig(string Config) : QueryAsk(TalosRole.Admin)
    {
        /// <summary>Hides the config from log lines.</summary>
        public override string ToString() => nameof(DryRunConfig);
    }

    /// <summary>The agent's own DHCP leases, in the order of their addresses.</summary>
    /// <param name="After">The address that they start behind; empty for the first ones.</param>
    public sealed record ReadLeases(int Limit, string After) : QueryAsk(TalosRole.None);

    /// <summary>Ends a lease or a quarantine of the agent; the one ask that changes something, and may be repeated.</summary>
    public sealed record EndLease(string Address) : QueryAsk(TalosRole.None);

    /// <summary>etcd's database as this member has it; a reader may not see the secrets in it.</summary>
    public sealed record SnapshotEtcd() : QueryAsk(TalosRole.Operator);

    /// <param name="TailLines">Only so many from the end; 0 is all.</param>
    public sealed record ReadLogs(string Service, int TailLines, bool Follow) : QueryAsk(TalosRole.Reader);

    public sealed record ReadDmesg(bool Follow) : QueryAsk(TalosRole.Reader);

    /// <summary>What the agent itself kept of the node's kernel log, whether the node lives or not.</summary>
    public sealed record ReadKernelLog(EquatableArray<string> Macs) : QueryAsk(TalosRole.None);

    public sealed record ListServices() : QueryAsk(TalosRole.Reader);

    public sealed record CollectSupport() : QueryAsk(TalosRole.Reader);

    /// <summary>Whether the machine is on, and from what it starts next, as its BMC says.</summary>
    public sealed record ReadPower() : QueryAsk(TalosRole.None);
}
