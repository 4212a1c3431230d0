using Cozy.Fleet.Primitives;

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
/// <param name="Owner">Who gets the result: <c>clusters/NAME</c>, <c>rollouts/NAME</c> or <c>operations/NAME</c>.</param>
/// <param name="FencingNumber">Of the cluster's exclusion lease; 0 for work that needs none (first provisioning, switching on).</param>
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
[System.Text.Json.Serialization.JsonDerivedType(typeof(DeleteNodeObject), "delete-node-object")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Shutdown), "shutdown")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Reset), "reset")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(Rollback), "rollback")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(DefragmentEtcd), "defragment-etcd")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(RemoveEtcdMember), "remove-etcd-member")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(RestartService), "restart-service")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(ChangeConfiguration), "change-configuration")]
[System.Text.Json.Serialization.JsonDerivedType(typeof(SwitchPower), "switch-power")]
public abstract record OrderAction
{
    private OrderAction(TalosRole role, bool needsKubernetes) => (Role, NeedsKubernetes) = (role, needsKubernetes);

    [System.Text.Json.Serialization.JsonIgnore]
    public TalosRole Role { get; }

    [System.Text.Json.Serialization.JsonIgnore]
    public bool NeedsKubernetes { get; }

    /// <summary>The first config of a machine in maintenance mode. The grain renders it when the order is sent.</summary>
    public sealed record ApplyConfiguration(string Config) : OrderAction(TalosRole.None, false);

    /// <summary>Another config for a node that runs one. The cluster renders it when the order is sent.</summary>
    /// <param name="Digest">SHA-256 of the config that was decided on, in hexadecimal: another one is not sent.</param>
    public sealed record ChangeConfiguration(string Digest, ConfigApply How) : OrderAction(TalosRole.Admin, false)
    {
        /// <summary>Empty until it is sent.</summary>
        public string Config { get; init; } = "";

        /// <summary>How long a trial waits for the node to be found again; zero is the node's own minute.</summary>
        public TimeSpan TrialTime { get; init; }

        /// <summary>Where else the node may be found when it has the config.</summary>
        public EquatableArray<string> Addresses { get; init; } = [];
    }

    public sealed record Bootstrap() : OrderAction(TalosRole.Admin, false);

    public sealed record PullImage(string Image) : OrderAction(TalosRole.Operator, false);

    public sealed record InstallUpgrade(string Image) : OrderAction(TalosRole.Admin, false);

    public sealed record LegacyUpgrade(string Image, bool Preserve) : OrderAction(TalosRole.Admin, false);

    public sealed record Reboot(RebootMode Mode = RebootMode.Unspecified) : OrderAction(TalosRole.Operator, false);

    /// <param name="Force">The node is not drained first.</param>
    public sealed record Shutdown(bool Force) : OrderAction(TalosRole.Operator, false);

    /// <summary>Wipes the node.</summary>
    /// <param name="Graceful">Drain it and leave etcd first.</param>
    /// <param name="Restart">Else it is switched off.</param>
    /// <param name="Partitions">Labels; none is the whole system disk.</param>
    public sealed record Reset(bool Graceful, bool Restart, WipeMode Mode, EquatableArray<string> Partitions, EquatableArray<string> UserDisks)
        : OrderAction(TalosRole.Admin, false)
    {
        /// <summary>The machine config goes with the rest: the node is nobody's afterwards.</summary>
        [System.Text.Json.Serialization.JsonIgnore]
        public bool ForgetsConfig => Mode != WipeMode.UserDisks && (Partitions.Count == 0 || Partitions.Contains("STATE"));
    }

    public sealed record Rollback() : OrderAction(TalosRole.Admin, false);

    public sealed record DefragmentEtcd() : OrderAction(TalosRole.Operator, false);

    public sealed record RemoveEtcdMember(ulong MemberId) : OrderAction(TalosRole.Admin, false);

    public sealed record RestartService(string Id) : OrderAction(TalosRole.Operator, false);

    /// <summary>Switches the machine by its BMC, whose credentials are added when the order is sent.</summary>
    /// <param name="Uefi">The machine boots by UEFI.</param>
    /// <param name="Force">The system is not asked to go down by itself first.</param>
    public sealed record SwitchPower(PowerAction Action, NextBoot NextBoot, bool Uefi, bool Force) : OrderAction(TalosRole.None, false);

    public sealed record ForfeitLeadership() : OrderAction(TalosRole.Admin, false);

    public sealed record Cordon(string Operation) : OrderAction(TalosRole.None, true);

    public sealed record Drain(TimeSpan Timeout) : OrderAction(TalosRole.None, true);

    public sealed record Uncordon(string Operation) : OrderAction(TalosRole.None, true);

    /// <summary>Takes the Node object of a machine that is dead out of Kubernetes; one that is Ready stays.</summary>
    public sealed record DeleteNodeObject() : OrderAction(TalosRole.None, true);
}

/// <summary>How a running node takes another config (talos.md 5.7).</summary>
public enum ConfigApply
{
    /// <summary>At once.</summary>
    Live,

    /// <summary>At once, and it stays only when the node is still found.</summary>
    Trial,

    /// <summary>It is written down, and the node reboots.</summary>
    Reboot,

    /// <summary>It is written down, and works from the next boot on.</summary>
    Staged,
}

/// <summary>How a node goes down and comes up; the session's numbers.</summary>
public enum RebootMode
{
    /// <summary>Workloads are stopped first; the next kernel is started without the firmware where that works.</summary>
    Unspecified,

    /// <summary>Through the firmware.</summary>
    Powercycle,

    /// <summary>Nothing is stopped first.</summary>
    Force,
}

/// <summary>What a reset wipes; the session's numbers.</summary>
public enum WipeMode
{
    /// <summary>The system disk, and the user disks that are named.</summary>
    Unspecified,
    SystemDisk,
    UserDisks,
}

public enum PowerAction
{
    Unspecified,
    On,
    Off,
    Cycle,
}

/// <summary>What a machine starts from the next time, and no longer.</summary>
public enum NextBoot
{
    /// <summary>What its firmware's own order says.</summary>
    Unspecified,
    Network,
    Disk,
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
