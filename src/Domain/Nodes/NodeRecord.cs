using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>What a machine is, from the first packet to a Ready node. What is done to it is its operation.</summary>
public enum NodePhase
{
    Discovered,
    PendingAcceptance,
    Rejected,
    Accepted,
    Allocated,
    Netbooting,
    Maintenance,
    Configuring,
    Installing,
    Booting,
    Joining,
    Running,
}

public enum AcceptanceState
{
    Pending,
    Accepted,
    Rejected,
}

/// <summary>Who decided, a person or a rule, and when.</summary>
public sealed record Acceptance(AcceptanceState State, string DecidedBy, DateTimeOffset DecideTime);

public enum Firmware
{
    Unknown,
    Bios,
    Uefi,
}

public enum Architecture
{
    Unknown,
    Amd64,
    Arm64,
}

public enum Role
{
    Unspecified,
    ControlPlane,
    Worker,
}

/// <summary>The stage that Talos reports of itself, with its own numbers.</summary>
public enum MachineStage
{
    Unknown = 0,
    Booting = 1,
    Installing = 2,
    Maintenance = 3,
    Running = 4,
    Rebooting = 5,
    ShuttingDown = 6,
    Resetting = 7,
    Upgrading = 8,
}

public sealed record NodeSpec
{
    public Acceptance Acceptance { get; init; } = new(AcceptanceState.Pending, "", default);

    public string Hostname { get; init; } = "";

    public Role RoleHint { get; init; }

    public bool Paused { get; init; }

    public bool Locked { get; init; }

    public string InstallDisk { get; init; } = "";

    /// <summary>Null when none is told.</summary>
    public Bmc? Bmc { get; init; }
}

public enum BmcKind
{
    Unspecified,
    Redfish,
    Ipmi,
}

/// <summary>A machine's management controller.</summary>
/// <param name="Address">A name or an address, with a port where it is not the usual one.</param>
public sealed record Bmc(BmcKind Kind, string Address, string Username)
{
    /// <summary>Redfish: the CA of its certificate, PEM; empty for the agent's system's.</summary>
    public string Ca { get; init; } = "";

    /// <summary>Redfish: the SHA-256 of its own certificate, lower-case hexadecimal; empty when a CA vouches for it.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Redfish: the system's id; empty for the only one.</summary>
    public string System { get; init; } = "";

    /// <summary>IPMI: the cipher suite; 0 for the best that the BMC names.</summary>
    public int CipherSuite { get; init; }

    /// <summary>Sealed by the coordinator's envelope key for <see cref="Purpose"/>.</summary>
    public string SealedPassword { get; init; } = "";

    /// <summary>What the password is sealed for: it opens for this BMC of this node alone.</summary>
    public string Purpose(string node) => $"nodes/{node}/bmc/{Kind}/{Address}";
}

/// <summary>A place in a cluster, given by the cluster.</summary>
/// <param name="Image">The image to boot while it is not installed.</param>
public sealed record Allocation(string Cluster, Role Role, string Hostname, string Image);

public sealed record NodeOperation(string Kind, string Owner, string Step, DateTimeOffset StartTime);

public sealed record UnmetCondition(string Name, string Reason);

/// <summary>Everything that is known of one machine. Stored by the node's grain.</summary>
public sealed record NodeRecord(ResourceMetadata Metadata)
{
    public NodeSpec Spec { get; init; } = new();

    public NodePhase Phase { get; init; }

    /// <summary>The SMBIOS UUID where it is a real one, else empty.</summary>
    public string Uuid { get; init; } = "";

    public EquatableArray<string> Macs { get; init; }

    public string Serial { get; init; } = "";

    public string Rack { get; init; } = "";

    public Firmware Firmware { get; init; }

    public Architecture Architecture { get; init; }

    public NodeFacts? Facts { get; init; }

    public Allocation? Allocation { get; init; }

    /// <summary>What the agent saw at the last look; null before the first.</summary>
    public Agents.NodeObservation? Observed { get; init; }

    public NodeOperation? Operation { get; init; }

    public EquatableArray<Condition> Conditions { get; init; }

    public Waiting? Waiting { get; init; }

    public string QuarantineReason { get; init; } = "";

    /// <summary>The address at which the node answered last.</summary>
    public string Address { get; init; } = "";

    /// <summary>The addresses that its config gives it, where it may answer from its next boot on.</summary>
    public EquatableArray<string> StaticAddresses { get; init; } = [];

    /// <summary>Counts the installations asked for; above <see cref="ConfirmedInstallGeneration"/> one is open (I9).</summary>
    public long InstallGeneration { get; init; }

    /// <summary>Counts the installations that the node itself confirmed.</summary>
    public long ConfirmedInstallGeneration { get; init; }

    /// <summary>The install generation at the time of the allocation: what was installed before belongs to another life.</summary>
    public long GenerationAtAllocation { get; init; }

    /// <summary>The install generation that a reset took away: what was installed up to here is gone.</summary>
    public long WipedGeneration { get; init; }

    /// <summary>Counts the wipes that people asked for; above <see cref="ConfirmedWipes"/> the next network boot does one.</summary>
    public long WipeRequests { get; init; }

    /// <summary>Counts the wipes that the node itself confirmed: it came up in maintenance mode with nothing installed.</summary>
    public long ConfirmedWipes { get; init; }

    /// <summary>The cluster that it was taken out of when it was dead; its disk may hold that cluster's system and secrets.</summary>
    public string ReleasedFrom { get; init; } = "";

    /// <summary>The boot on which the config was applied; the installed system must show another one.</summary>
    public string ConfiguredBootId { get; init; } = "";

    /// <summary>When that config was applied.</summary>
    public DateTimeOffset? ConfiguredTime { get; init; }

    /// <summary>When the present phase began.</summary>
    public DateTimeOffset PhaseTime { get; init; }

    /// <summary>When the installed system began to boot: the start of the way to Ready.</summary>
    public DateTimeOffset? BootTime { get; init; }

    /// <summary>The last full network boots, for the detection of a loop.</summary>
    public EquatableArray<DateTimeOffset> NetbootTimes { get; init; }

    /// <summary>When it was told to boot its disk, since its API answered last.</summary>
    public EquatableArray<DateTimeOffset> DiskTries { get; init; } = [];

    /// <summary>Its full network boots, since its API answered last.</summary>
    public EquatableArray<DateTimeOffset> NetbootTries { get; init; } = [];

    /// <summary>When it loaded a boot loader, since it asked for a script last.</summary>
    public EquatableArray<DateTimeOffset> LoaderTries { get; init; } = [];

    /// <summary>The install generation whose installation never came up from the disk.</summary>
    public long FailedInstallGeneration { get; init; }

    /// <summary>W3C trace context of the boot that is going on, or was last.</summary>
    public string BootTraceparent { get; init; } = "";

    public DateTimeOffset LastSeenTime { get; init; }

    /// <summary>True when a config was applied in this allocation: an installation is open, or done.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool InstallOpened => InstallGeneration > GenerationAtAllocation;

    /// <summary>True when the node itself confirmed the installation of this allocation.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool InstallConfirmed => ConfirmedInstallGeneration > GenerationAtAllocation;

    /// <summary>True when what was installed last never came up: it is not tried again, and no other installation begins by itself (I9).</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool InstallFailed => InstallOpened && !InstallConfirmed && FailedInstallGeneration == InstallGeneration;

    /// <summary>What the agent answers when the machine network-boots.</summary>
    public BootIntent Boot { get; init; } = new(BootAction.Disk, "", "not seen yet");
}

public enum BootAction
{
    Disk,
    Netboot,
    Hold,
}

/// <summary>What a machine is told when it network-boots, and why.</summary>
/// <param name="Traceparent">The work that this boot belongs to; empty starts a trace of its own.</param>
public sealed record BootIntent(BootAction Action, string Image, string Reason, string Traceparent = "")
{
    /// <summary>The system disk is wiped by the boot, once: the node's own word ends it.</summary>
    public bool Wipe { get; init; }
}
