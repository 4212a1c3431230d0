using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>Which machines are members: by name, or by filter and count.</summary>
public sealed record MemberSet(EquatableArray<string> Nodes, string Filter, int Count)
{
    public static MemberSet None { get; } = new([], "", 0);
}

/// <summary>A patch for the members that fit role, filter and names; what is not set fits every member.</summary>
public sealed record ConfigPatch(string Name, Role Role, string Yaml)
{
    /// <summary>Over the member's node.</summary>
    public string Filter { get; init; } = "";

    public EquatableArray<string> Nodes { get; init; }
}

public sealed record ClusterSpec
{
    public string Endpoint { get; init; } = "";

    public string Image { get; init; } = "";

    public string KubernetesVersion { get; init; } = "";

    public MemberSet ControlPlane { get; init; } = MemberSet.None;

    public MemberSet Workers { get; init; } = MemberSet.None;

    public string InstallDisk { get; init; } = "";

    public ulong InstallMinimumSizeBytes { get; init; }

    public EquatableArray<ConfigPatch> Patches { get; init; }

    public EquatableArray<string> PodSubnets { get; init; }

    public EquatableArray<string> ServiceSubnets { get; init; }

    public Management Management { get; init; }
}

/// <summary>What may be done with a cluster.</summary>
public enum Management
{
    Managed,

    /// <summary>It is looked at, and no node is touched.</summary>
    Observed,
}

public enum ClusterPhase
{
    Pending,
    Provisioning,
    Bootstrapping,
    Running,
    Degraded,
}

/// <summary>A chosen member. The choice is frozen: a member leaves by a person's decision only.</summary>
public sealed record ClusterMember(string Node, string Rack, string Hostname, Role Role);

/// <summary>An order of a member that failed.</summary>
/// <param name="Generation">Of the cluster's spec: a new one is another try.</param>
/// <param name="RetryTime">Null when it will not work by trying again.</param>
public sealed record MemberFailure(string Node, string Message, long Generation, DateTimeOffset? RetryTime);

/// <summary>The one lock of a cluster: who may disturb a node now.</summary>
public sealed record ExclusionLease(string Holder, string Purpose, ulong FencingNumber, DateTimeOffset AcquireTime);

/// <summary>A cluster. Stored by its grain; the secrets are sealed before they get here.</summary>
public sealed record ClusterRecord(ResourceMetadata Metadata)
{
    public ClusterSpec Spec { get; init; } = new();

    public ClusterPhase Phase { get; init; }

    public EquatableArray<ClusterMember> Members { get; init; }

    /// <summary>The endpoint in use, also when the spec leaves it open.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The image that members are provisioned with; a rollout changes it.</summary>
    public string Image { get; init; } = "";

    /// <summary>
    /// The Talos version that the cluster began with: all its configs keep the form of that time. Empty until its secrets are made.
    /// </summary>
    public string Contract { get; init; } = "";

    /// <summary>The secrets bundle, sealed.</summary>
    public string SealedSecrets { get; init; } = "";

    /// <summary>The node that was told to bootstrap etcd; stored before the call, and never another one.</summary>
    public string BootstrapNode { get; init; } = "";

    public DateTimeOffset? BootstrapTime { get; init; }

    public ExclusionLease? Lease { get; init; }

    /// <summary>The last fencing number given out.</summary>
    public ulong FencingNumber { get; init; }

    /// <summary>Orders that have no result yet. Stored before they are sent; a machine config is rendered when it is sent.</summary>
    public EquatableArray<Agents.AgentOrder> OpenOrders { get; init; }

    /// <summary>Counts the orders, for their operation ids.</summary>
    public long OrderCount { get; init; }

    /// <summary>Members whose order failed: why, and when it is tried again.</summary>
    public EquatableArray<MemberFailure> Failures { get; init; }

    public EquatableArray<Condition> Conditions { get; init; }

    public EquatableArray<Waiting> Waiting { get; init; }

    /// <summary>What an operator wrote. The image of a running cluster is a rollout's to change.</summary>
    public ClusterRecord Updated(ClusterSpec spec, ResourceMetadata metadata, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(metadata);
        return this with
        {
            Spec = spec,
            Image = BootstrapTime is null ? spec.Image : Image,
            Metadata = Metadata.Updated(metadata, Spec != spec, now),
        };
    }
}
