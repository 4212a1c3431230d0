using System.Collections.Immutable;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Racks;

public sealed record AcceptanceRule(string Name, string Filter);

public sealed record RackSpec
{
    public string DiscoveryImage { get; init; } = "";

    public EquatableArray<AcceptanceRule> AcceptanceRules { get; init; }

    /// <summary>How long a menu is shown at the machines' consoles; zero: there is none.</summary>
    public TimeSpan BootMenuTimeout { get; init; }

    public ImmutableSortedDictionary<string, string> FailureDomain { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>A rack, its agent's session, and what the agent should answer to each machine.</summary>
public sealed record RackRecord(ResourceMetadata Metadata)
{
    public RackSpec Spec { get; init; } = new();

    public string AgentVersion { get; init; } = "";

    public string BootUrl { get; init; } = "";

    /// <summary>Where the rack's nodes push their events to, HOST:PORT; empty when its agent takes none.</summary>
    public string EventSink { get; init; } = "";

    /// <summary>Where they send their kernels' logs to, tcp://HOST:PORT; empty when its agent takes none.</summary>
    public string KernelLog { get; init; } = "";

    public string CertificateSerial { get; init; } = "";

    public DateTimeOffset CertificateExpireTime { get; init; }

    /// <summary>When a session of the agent began or ended last.</summary>
    public DateTimeOffset SessionTime { get; init; }

    /// <summary>The agent's journal, and the last report of it that is stored.</summary>
    public string JournalId { get; init; } = "";

    public ulong AcknowledgedSequence { get; init; }

    /// <summary>Counts the desired states sent to the agent.</summary>
    public ulong DesiredStateRevision { get; init; }

    /// <summary>Which node owns a MAC address, so that a machine with several links is one node.</summary>
    public ImmutableSortedDictionary<string, string> NodesByMac { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>By node name.</summary>
    public ImmutableSortedDictionary<string, NodeBoot> Boots { get; init; } = ImmutableSortedDictionary<string, NodeBoot>.Empty;
}

/// <summary>The part of a node that its rack's agent must know to boot it without the coordinator.</summary>
public sealed record NodeBoot(string Node, string Uuid, EquatableArray<string> Macs, string Hostname, BootIntent Intent);
