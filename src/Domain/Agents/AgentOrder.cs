namespace Cozy.Fleet.Domain.Agents;

/// <summary>The Talos role that an order needs; the certificate for it is minted when the order is sent.</summary>
public enum TalosRole
{
    /// <summary>Maintenance mode: no credential.</summary>
    None,
    Reader,
    Operator,
    Admin,
}

/// <summary>
/// One order to an agent. It holds no secret but a machine config: credentials are added when it is sent. The agent
/// carries out an operation id at most once and answers a repeat with the recorded result.
/// </summary>
/// <param name="Owner">Who gets the result: <c>clusters/NAME</c> or <c>rollouts/NAME</c>.</param>
/// <param name="FencingNumber">Of the cluster's exclusion lease; 0 for work that needs none (first provisioning).</param>
public sealed record AgentOrder(
    string OperationId, string Owner, string Cluster, ulong FencingNumber, DateTimeOffset Deadline, string Traceparent,
    string Node, string Address, string Hostname, OrderAction Action);

/// <summary>What is to be done. Closed: the agent knows all of them.</summary>
[System.Text.Json.Serialization.JsonDerivedType(typeof(ApplyConfiguration), "apply-configuration")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Bootstrap), "bootstrap")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(PullImage), "pull-image")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(InstallUpgrade), "install-upgrade")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(LegacyUpgrade), "legacy-upgrade")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Reboot), "reboot")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(ForfeitLeadership), "forfeit-leadership")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Cordon), "cordon")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Drain), "drain")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Uncordon), "uncordon")]
public abstract record OrderAction
{
    private OrderAction(TalosRole role, bool needsKubernetes) => (Role, NeedsKubernetes) = (role, needsKubernetes);

    [System.Text.Json.Serialization.JsonIgnore]
    public TalosRole Role { get; }

    [System.Text.Json.Serialization.JsonIgnore]
    public bool NeedsKubernetes { get; }

    /// <summary>The first config of a machine in maintenance mode. The grain renders it when the order is sent.</summary>
    public sealed record ApplyConfiguration(string Config) : OrderAction(TalosRole.None, false);

    public sealed record Bootstrap() : OrderAction(TalosRole.Admin, false);

    public sealed record PullImage(string Image) : OrderAction(TalosRole.Operator, false);

    public sealed record InstallUpgrade(string Image) : OrderAction(TalosRole.Admin, false);

    public sealed record LegacyUpgrade(string Image, bool Preserve) : OrderAction(TalosRole.Admin, false);

    public sealed record Reboot() : OrderAction(TalosRole.Operator, false);

    public sealed record ForfeitLeadership() : OrderAction(TalosRole.Admin, false);

    public sealed record Cordon(string Operation) : OrderAction(TalosRole.None, true);

    public sealed record Drain(TimeSpan Timeout) : OrderAction(TalosRole.None, true);

    public sealed record Uncordon(string Operation) : OrderAction(TalosRole.None, true);
}

public enum OrderOutcome
{
    Succeeded,

    /// <summary>It had no effect, or the node said that it failed.</summary>
    Failed,

    /// <summary>It may or may not have taken effect: look, do not repeat.</summary>
    Unknown,

    /// <summary>The agent refused it: fencing number, deadline, unknown action.</summary>
    Refused,
}

/// <summary>The class of a failure; each has its own policy (rollouts.md 3.9).</summary>
public enum FailureClass
{
    None,
    Transient,
    Contention,
    Environment,
    Permanent,
}

public sealed record OrderResult(
    string OperationId, string Owner, OrderOutcome Outcome, FailureClass FailureClass, string Message, int ExitCode,
    DateTimeOffset FinishTime);
