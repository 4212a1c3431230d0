using Cozy.Fleet.Talos.Api.Machine;

namespace Cozy.Fleet.Talos;

/// <summary>How a node goes down and comes up; Talos' own numbers (talos.md 1.3).</summary>
public enum RebootMode
{
    /// <summary>Workloads are stopped first; the next kernel starts without the firmware where that works.</summary>
    Default = 0,

    /// <summary>Through the firmware.</summary>
    Powercycle = 1,

    /// <summary>Nothing is stopped first; from 1.12.</summary>
    Force = 2,
}

/// <summary>Which disks a reset wipes; Talos' own numbers.</summary>
public enum WipeMode
{
    /// <summary>The system disk, and the user disks that are named.</summary>
    All = 0,
    SystemDisk = 1,
    UserDisks = 2,
}

/// <summary>What a reset does (talos.md 1.3).</summary>
/// <param name="Graceful">Drain and, on a control plane, leave etcd first: that fails without quorum.</param>
/// <param name="Reboot">Come back; else stay off.</param>
public sealed record ResetOptions(bool Graceful, bool Reboot)
{
    public WipeMode Mode { get; init; }

    /// <summary>Labels such as STATE and EPHEMERAL; none is the whole system disk, META with it.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = [];

    /// <summary>Devices such as /dev/sdb; never the system disk.</summary>
    public IReadOnlyList<string> UserDisks { get; init; } = [];

    internal ResetRequest Request() => new()
    {
        Graceful = Graceful,
        Reboot = Reboot,
        Mode = (ResetRequest.Types.WipeMode)Mode,
        SystemPartitionsToWipe = { Partitions.Select(label => new ResetPartitionSpec { Label = label, Wipe = true }) },
        UserDisksToWipe = { UserDisks },
    };
}
