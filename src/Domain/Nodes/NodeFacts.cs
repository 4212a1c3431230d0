using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>What its node does not say of a disk is empty.</summary>
public sealed record Disk(
    string Device, ulong SizeBytes, string Model, string Serial, string Transport, bool Rotational, bool ReadOnly)
{
    public string Wwid { get; init; } = "";

    public string Uuid { get; init; } = "";

    public string Modalias { get; init; } = "";

    public string BusPath { get; init; } = "";

    public EquatableArray<string> Symlinks { get; init; } = [];
}

/// <summary>A network card.</summary>
/// <param name="Mac">The permanent one where the node says it.</param>
public sealed record Link(string Name, string Mac, bool Up, uint SpeedMegabits, EquatableArray<string> Addresses)
{
    public string PermanentMac { get; init; } = "";

    public string CurrentMac { get; init; } = "";

    public string Driver { get; init; } = "";

    public string BusPath { get; init; } = "";

    public string PciId { get; init; } = "";
}

/// <summary>Several cards as one link, in the kernel's words; times in milliseconds.</summary>
public sealed record Bond(
    string Name, string Mac, bool Up, EquatableArray<string> Addresses, EquatableArray<string> Members, string Mode)
{
    public string LacpRate { get; init; } = "";

    public string TransmitHashPolicy { get; init; } = "";

    public uint Miimon { get; init; }

    public uint Updelay { get; init; }

    public uint Downdelay { get; init; }
}

/// <summary>What a machine is made of.</summary>
public sealed record NodeFacts(
    string Manufacturer, string Product, string Serial, uint CpuThreads, ulong MemoryBytes,
    EquatableArray<Disk> Disks, EquatableArray<Link> Links)
{
    /// <summary>What the machine calls itself.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>The link of the default route; empty without one.</summary>
    public string DefaultLink { get; init; } = "";

    public string Gateway { get; init; } = "";

    public EquatableArray<string> NameServers { get; init; } = [];

    /// <summary>The device that Talos is installed to; empty before.</summary>
    public string SystemDisk { get; init; } = "";

    public EquatableArray<Bond> Bonds { get; init; } = [];

    /// <summary>Of links that are neither cards nor bonds, and second names of any; empty where nobody asked for them.</summary>
    public EquatableArray<string> OtherLinkNames { get; init; } = [];
}
