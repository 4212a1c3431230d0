using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Operations;

public enum OperationState
{
    /// <summary>Stored; the exclusion lease is not taken yet.</summary>
    Starting,

    /// <summary>The order is stored, and sent until its result is there.</summary>
    Ordered,

    /// <summary>The order was carried out, or may have been: the node is looked at.</summary>
    Settling,
    Succeeded,
    Failed,

    /// <summary>Nobody can tell whether it took effect.</summary>
    OutcomeUnknown,
}

/// <summary>One thing that a person has done to one machine. Its name is its uid.</summary>
/// <param name="Cluster">Empty for a machine that belongs to none.</param>
public sealed record OperationRecord(ResourceMetadata Metadata, string Cluster, string Node, OrderAction Action)
{
    public string Hostname { get; init; } = "";

    public string RequestedBy { get; init; } = "";

    /// <summary>Why the gates are not asked; empty asks them.</summary>
    public string OverrideReason { get; init; } = "";

    public OperationState State { get; init; }

    /// <summary>When the present state began.</summary>
    public DateTimeOffset StateTime { get; init; } = Metadata.CreateTime;

    /// <summary>The boot on which the order was given; the node must show another one when it is back.</summary>
    public string BootIdBefore { get; init; } = "";

    /// <summary>The member was Running when the order was given: what was not, need not be afterwards.</summary>
    public bool WasRunning { get; init; } = true;

    /// <summary>Stored before it is sent; null when it has its result.</summary>
    public AgentOrder? OpenOrder { get; init; }

    /// <summary>The node itself said that it carries the order out.</summary>
    public bool CarriedOut { get; init; }

    /// <summary>How it ended, in a sentence.</summary>
    public string Message { get; init; } = "";

    public DateTimeOffset? EndTime { get; init; }

    public Waiting? Waiting { get; init; }

    /// <summary>Who holds the cluster's exclusion lease meanwhile, where one is needed.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Holder => $"operations/{Metadata.Name}";

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsFinal => State >= OperationState.Succeeded;

    /// <summary>The node was wiped with its config, or is dead: it leaves its cluster.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool ReleasesMember => State == OperationState.Succeeded
        && Action is OrderAction.Reset { ForgetsConfig: true } or OrderAction.DeleteNodeObject;
}

/// <summary>What an operation looks at before each decision.</summary>
/// <param name="Cluster">Null for a machine that belongs to none; it is the only one of <paramref name="Members"/> then.</param>
public sealed record OperationFacts(ClusterRecord? Cluster, EquatableArray<NodeRecord> Members, DateTimeOffset Now)
{
    /// <summary>Null when it is no member of the cluster, or of a cluster where there should be none.</summary>
    public NodeRecord? Member(string node) =>
        Members.FirstOrDefault(n => n.Metadata.Name == node && n.Allocation?.Cluster == Cluster?.Metadata.Name);
}
