using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

public sealed record RolloutStrategy(
    TimeSpan Soak, TimeSpan BootTimeout, TimeSpan GateTimeout, TimeSpan DrainTimeout, bool AllowControlPlaneDowntime)
{
    public static RolloutStrategy Default { get; } = new(
        TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10), false);
}

/// <summary>What was asked for: every selected node of the cluster moves to the image.</summary>
public sealed record RolloutSpec(string Cluster, string Image, EquatableArray<string> Nodes, RolloutStrategy Strategy);

public enum RolloutState
{
    Running,
    Paused,
    Done,
    Stopped,
    Aborted,
}

public enum RolloutNodeState
{
    Waiting,
    InFlight,
    Done,
    Failed,
    RolledBack,
    Cancelled,
    Skipped,
}

/// <summary>The steps of one node, in their order (rollouts.md 3.7). docs/one-rollout.md tells what each does.</summary>
public enum RolloutStepKind
{
    Admit,
    PreGates,
    Pull,
    Record,
    Install,
    RecheckGates,
    Cordon,
    Drain,
    Reboot,
    Verify,
    NodeReady,
    Uncordon,
    PostGates,
    Soak,
}

/// <summary>One step as it ran. <paramref name="Outcome"/> is empty while it runs; else done, skipped or failed.</summary>
public sealed record RolloutStep(
    RolloutStepKind Kind, DateTimeOffset StartTime, DateTimeOffset? EndTime = null, string Outcome = "", string Message = "");

/// <summary>One node of the frozen plan, and how far it is.</summary>
public sealed record RolloutNode(
    string Node, string Hostname, Role Role, string FromVersion, string FromSchematic, string ToVersion, string ToSchematic)
{
    public RolloutNodeState State { get; init; }

    public EquatableArray<RolloutStep> Steps { get; init; }

    public Waiting? Waiting { get; init; }

    public string Message { get; init; } = "";

    public DateTimeOffset? DisruptionStartTime { get; init; }

    public DateTimeOffset? DisruptionEndTime { get; init; }

    /// <summary>The boot that the node was on before it was touched; its return is judged by another one.</summary>
    public string BootIdBefore { get; init; } = "";

    /// <summary>The boot on which the installer ran, or may have run: at most one run for each boot (I3).</summary>
    public string InstallBootId { get; init; } = "";

    /// <summary>The order that is out, if any. Stored before it is sent.</summary>
    public AgentOrder? OpenOrder { get; init; }

    /// <summary>How the present step's last order ended; null when it had none yet.</summary>
    public OrderResult? LastResult { get; init; }

    /// <summary>Not before this time is the present step's order tried again.</summary>
    public DateTimeOffset? RetryTime { get; init; }

    /// <summary>Why the node is given up, while its cordon is still being taken away; else empty.</summary>
    public string Failure { get; init; } = "";

    /// <summary>Why the node must be left alone until a person looked; empty when it need not.</summary>
    public string Quarantine { get; init; } = "";

    /// <summary>How often the present step was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>The end of the present step's time; absolute, so that a restart does not extend it.</summary>
    public DateTimeOffset StepDeadline { get; init; }

    /// <summary>The step that runs, or null.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public RolloutStep? Current => Steps.Count > 0 && Steps[^1].EndTime is null ? Steps[^1] : null;
}

/// <summary>A rollout. Stored by its grain.</summary>
public sealed record RolloutRecord(ResourceMetadata Metadata, RolloutSpec Spec)
{
    public RolloutState State { get; init; }

    public string PlanDigest { get; init; } = "";

    public EquatableArray<RolloutNode> Nodes { get; init; }

    public Waiting? Waiting { get; init; }

    public string StopReason { get; init; } = "";

    /// <summary>What a person asked for and is not carried out yet: empty, pause or abort.</summary>
    public string Requested { get; init; } = "";

    /// <summary>The installer's image reference, frozen with the plan.</summary>
    public string Installer { get; init; } = "";

    /// <summary>W3C trace context of the rollout's root span.</summary>
    public string Traceparent { get; init; } = "";

    /// <summary>As the holder of the cluster's lease.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Holder => $"rollouts/{Metadata.Name}";

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsFinal => State is RolloutState.Done or RolloutState.Aborted;

    public DateTimeOffset StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }
}
