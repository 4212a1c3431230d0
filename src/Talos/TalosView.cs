namespace Cozy.Fleet.Talos;

/// <summary>What a node says of itself at one moment.</summary>
public sealed record TalosView
{
    /// <summary>Talos' own number of the stage (talos.md 2.2); 0 is unknown.</summary>
    public int Stage { get; init; }

    public bool Ready { get; init; }

    public IReadOnlyList<(string Name, string Reason)> UnmetConditions { get; init; } = [];

    public string Version { get; init; } = "";

    public string SchematicId { get; init; } = "";

    /// <summary>
    /// Changes at each boot: the kernel's boot id where a reader may see it (1.14), else the time of the boot (talos.md 6.2).
    /// </summary>
    public string BootId { get; init; } = "";

    /// <summary>META key 6 is set: the boot is not confirmed yet, Talos may still fall back.</summary>
    public bool FallbackPending { get; init; }

    /// <summary>The device that Talos is installed to; empty before.</summary>
    public string SystemDisk { get; init; } = "";

    public bool Installed => SystemDisk != "";
}

/// <summary>What a machine is made of.</summary>
public sealed record TalosFacts(
    string Manufacturer, string Product, string Serial, string Uuid, int CpuThreads, ulong MemoryBytes,
    IReadOnlyList<TalosDisk> Disks, IReadOnlyList<TalosLink> Links)
{
    public string Hostname { get; init; } = "";

    /// <summary>The link and the router of the default route; empty without one.</summary>
    public string DefaultLink { get; init; } = "";

    public string Gateway { get; init; } = "";

    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>The device that Talos is installed to; empty before.</summary>
    public string SystemDisk { get; init; } = "";

    public IReadOnlyList<TalosBond> Bonds { get; init; } = [];

    /// <summary>Of links that are neither cards nor bonds, and second names of any.</summary>
    public IReadOnlyList<string> OtherLinkNames { get; init; } = [];
}

public sealed record TalosDisk(
    string Device, ulong SizeBytes, string Model, string Serial, string Transport, bool Rotational, bool ReadOnly)
{
    public string Wwid { get; init; } = "";

    public string Uuid { get; init; } = "";

    public string Modalias { get; init; } = "";

    public string BusPath { get; init; } = "";

    public IReadOnlyList<string> Symlinks { get; init; } = [];
}

/// <summary>A network card.</summary>
/// <param name="Mac">The permanent one where the node says it.</param>
/// <param name="Addresses">With the length of their network, such as 10.0.0.11/24.</param>
public sealed record TalosLink(string Name, string Mac, bool Up, int SpeedMegabits, IReadOnlyList<string> Addresses)
{
    public string PermanentMac { get; init; } = "";

    public string CurrentMac { get; init; } = "";

    public string Driver { get; init; } = "";

    public string BusPath { get; init; } = "";

    public string PciId { get; init; } = "";
}

/// <summary>A bond in the kernel's own words; times in milliseconds.</summary>
public sealed record TalosBond(
    string Name, string Mac, bool Up, IReadOnlyList<string> Addresses, IReadOnlyList<string> Members, string Mode)
{
    public string LacpRate { get; init; } = "";

    public string TransmitHashPolicy { get; init; } = "";

    public int Miimon { get; init; }

    public int Updelay { get; init; }

    public int Downdelay { get; init; }
}

/// <summary>One service of a node.</summary>
/// <param name="State">Such as Running or Preparing (talos.md 1.3).</param>
/// <param name="Healthy">Null where the service has no health.</param>
public sealed record TalosService(string Id, string State, bool? Healthy, string Message);

/// <summary>What one control plane says of etcd.</summary>
public sealed record TalosEtcd(
    ulong MemberId, ulong LeaderId, ulong RaftIndex, ulong RaftAppliedIndex, ulong RaftTerm, bool IsLearner, long DbSize,
    IReadOnlyList<string> Errors, IReadOnlyList<(ulong Id, string Hostname, bool IsLearner)> Members, IReadOnlyList<string> Alarms);
