using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>A disk as the node lists it. What it does not say is empty.</summary>
/// <param name="Device">The device path, such as /dev/nvme0n1.</param>
public sealed record DiskFacts(string Device, ulong SizeBytes)
{
    public string Model { get; init; } = "";

    public string Serial { get; init; } = "";

    public string Wwid { get; init; } = "";

    public string Uuid { get; init; } = "";

    public string Modalias { get; init; } = "";

    public string BusPath { get; init; } = "";

    /// <summary><c>nvme</c>, <c>sata</c>, <c>mmc</c> and so on; empty for what is no disk of its own, such as device mapper.</summary>
    public string Transport { get; init; } = "";

    public bool Rotational { get; init; }

    public bool ReadOnly { get; init; }

    public bool CdRom { get; init; }

    /// <summary>Other paths of the same disk, such as those below /dev/disk/by-id.</summary>
    public EquatableArray<string> Symlinks { get; init; } = [];
}

/// <summary>A link as the node lists it. What it does not say is empty.</summary>
/// <param name="Mac">Six pairs of hex digits with colons.</param>
public sealed record LinkFacts(string Name, string Mac)
{
    public string PermanentMac { get; init; } = "";

    public string BusPath { get; init; } = "";

    /// <summary>Vendor and product, such as <c>8086:1521</c>.</summary>
    public string PciId { get; init; } = "";

    public string Driver { get; init; } = "";

    /// <summary>A card, and not a bond, a bridge or a VLAN.</summary>
    public bool Physical { get; init; } = true;

    /// <summary>With the length of their network, such as 10.0.0.11/24.</summary>
    public EquatableArray<string> Addresses { get; init; } = [];

    /// <summary>How it is bonded, when it is a bond.</summary>
    public BondSettings? Bond { get; init; }
}

/// <summary>A bond in the kernel's own words.</summary>
/// <param name="Mode">One of <see cref="Modes"/>.</param>
public sealed record BondSettings(EquatableArray<string> Members, string Mode)
{
    public static readonly IReadOnlyList<string> Modes =
        ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"];

    public static readonly IReadOnlyList<string> LacpRates = ["slow", "fast"];

    public static readonly IReadOnlyList<string> TransmitHashPolicies = ["layer2", "layer2+3", "layer3+4"];

    /// <summary>One of <see cref="LacpRates"/>, for 802.3ad only; empty for the kernel's own choice.</summary>
    public string LacpRate { get; init; } = "";

    /// <summary>One of <see cref="TransmitHashPolicies"/>; empty for the kernel's own choice.</summary>
    public string TransmitHashPolicy { get; init; } = "";

    /// <summary>Milliseconds between looks at the members' links; 0 for none.</summary>
    public int Miimon { get; init; }

    /// <summary>Milliseconds, a multiple of <see cref="Miimon"/>.</summary>
    public int Updelay { get; init; }

    /// <summary>Milliseconds, a multiple of <see cref="Miimon"/>.</summary>
    public int Downdelay { get; init; }
}

/// <summary>What a config is written for: a node's disks, links and the network that it found itself in.</summary>
public sealed record NodeFacts(EquatableArray<DiskFacts> Disks, EquatableArray<LinkFacts> Links)
{
    public string Hostname { get; init; } = "";

    /// <summary>The device that Talos is installed to; empty before.</summary>
    public string SystemDisk { get; init; } = "";

    /// <summary>The link of the default route; empty when there is none.</summary>
    public string DefaultLink { get; init; } = "";

    /// <summary>Of the default route.</summary>
    public string Gateway { get; init; } = "";

    public EquatableArray<string> NameServers { get; init; } = [];

    /// <summary>Names of further links, and further names of these; empty when the node did not say them.</summary>
    public EquatableArray<string> OtherLinkNames { get; init; } = [];
}
