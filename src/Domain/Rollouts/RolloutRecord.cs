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

    /// <summary>The boot on which the installer ran, or may have run: at most one run for each boot (I3).</summary>
    public string InstallBootId { get; init; } = "";

    public bool InstallSucceeded { get; init; }

    public bool WasCordoned { get; init; }

    /// <summary>The order that is out, if any.</summary>
    public AgentOrder? OpenOrder { get; init; }

    /// <summary>How often the present step was tried.</summary>
    public int Attempts { get; init; }

    /// <summary>The end of the present step's time; absolute, so that a restart does not extend it.</summary>
    public DateTimeOffset StepDeadline { get; init; }
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

    /// <summary>W3C trace context of the rollout's root span.</summary>
    public string Traceparent { get; init; } = "";

    public ulong FencingNumber { get; init; }

    public DateTimeOffset StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }
}
