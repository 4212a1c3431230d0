using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Agents;

public enum BootStage
{
    DhcpOffered,
    LoaderFetched,
    ScriptServed,
    KernelFetched,
    InitramfsFetched,
    Disk,
    Held,
}

/// <summary>One step of a machine's boot as the agent saw it.</summary>
public sealed record BootReport(
    DateTimeOffset Time, string Traceparent, string SessionId, BootStage Stage, string Mac, string Uuid, string Serial,
    string Address, Firmware Firmware, Architecture Architecture, string Image, string Reason);

public enum ApiMode
{
    Unreachable,
    Maintenance,
    Secure,
}

/// <summary>What an agent saw when it looked at a node.</summary>
public sealed record NodeObservation(DateTimeOffset Time, string Address, ApiMode ApiMode)
{
    public string Traceparent { get; init; } = "";

    public string Mac { get; init; } = "";

    public string Uuid { get; init; } = "";

    public string Error { get; init; } = "";

    public MachineStage Stage { get; init; }

    public bool Ready { get; init; }

    public EquatableArray<UnmetCondition> UnmetConditions { get; init; }

    public string TalosVersion { get; init; } = "";

    public string SchematicId { get; init; } = "";

    public string BootId { get; init; } = "";

    /// <summary>True while Talos can still fall back to the other slot (META key 6).</summary>
    public bool FallbackPending { get; init; }

    public bool Installed { get; init; }

    /// <summary>The device that Talos is installed to; empty before, and where nobody asked.</summary>
    public string SystemDisk { get; init; } = "";

    public NodeFacts? Facts { get; init; }

    public EtcdObservation? Etcd { get; init; }

    public KubernetesObservation? Kubernetes { get; init; }
}

public sealed record EtcdMember(ulong Id, string Hostname, bool IsLearner);

/// <summary>What one control plane says of etcd.</summary>
public sealed record EtcdObservation(
    bool Reachable, string Error, ulong MemberId, ulong LeaderId, ulong RaftIndex, ulong RaftAppliedIndex, ulong RaftTerm,
    bool IsLearner, ulong DbSize, EquatableArray<string> Errors, EquatableArray<EtcdMember> Members,
    EquatableArray<string> Alarms);

/// <summary>The Node object of one node.</summary>
public sealed record KubernetesObservation(
    bool Reachable, string Error, bool NodeFound, bool Ready, bool Unschedulable, string CordonOwner, string BootId,
    string KubeletVersion, string OsImage);
