using System.Collections.Concurrent;

namespace Cozy.Fleet.Simulator;

/// <summary>
/// A disk with Talos' two boot slots and META (talos.md 6.4). "Next" is the slot that boots next; an installer always writes the
/// other one than the last installed, so two runs without a reboot destroy the system that runs (rollouts.md 2.3).
/// </summary>
public sealed class SystemDisk
{
    /// <summary>Partitions that a reset may name (talos.md 1.3).</summary>
    internal static readonly string[] Partitions = ["EFI", "BIOS", "BOOT", "META", "STATE", "EPHEMERAL"];

    private readonly string?[] slots = new string?[2];
    private readonly ConcurrentDictionary<byte, byte[]> meta = new();

    public SystemDisk()
    {
    }

    /// <summary>The disk of a machine that was off.</summary>
    public SystemDisk(DiskContents contents)
    {
        contents.Slots.CopyTo(slots, 0);
        (Next, Fallback, Config) = (contents.Next, contents.Fallback, contents.Config);
        (CommandLine, HasEtcdData) = (contents.CommandLine, contents.HasEtcdData);
    }

    /// <summary>Where it is kept when the power goes; by default nowhere.</summary>
    internal Func<DiskContents, CancellationToken, Task> Store { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Installer image references, one a slot; null is an empty slot.</summary>
    public IReadOnlyList<string?> Slots => slots;

    public int Next { get; private set; }

    /// <summary>The slot that the machine runs from; null while it runs from the network.</summary>
    public int? Running { get; private set; }

    /// <summary>META key 6: the slot to fall back to until the machine was ready once.</summary>
    public int? Fallback { get; private set; }

    /// <summary>The machine config on the STATE partition.</summary>
    public string? Config { get; private set; }

    /// <summary>The kernel arguments of the installed system (talos.md 3.8).</summary>
    public string CommandLine { get; private set; } = "";

    /// <summary>There is etcd data on EPHEMERAL.</summary>
    public bool HasEtcdData { get; internal set; }

    /// <summary>Talos is on the disk, with a config or without.</summary>
    public bool IsInstalled => slots[Next] is not null;

    /// <summary>What was written into the META partition by its keys.</summary>
    public IReadOnlyDictionary<byte, byte[]> Meta => meta;

    public string? Current => slots[Next];

    /// <summary>The first installation wipes the disk.</summary>
    internal void InstallFirst(string image, string config, string commandLine)
    {
        (slots[0], slots[1], Next, Fallback, Running) = (image, null, 0, null, null);
        (Config, CommandLine, HasEtcdData) = (config, commandLine, false);
    }

    /// <summary>Writes the other slot and makes it the next one; true when that was the slot that the machine runs from.</summary>
    internal bool InstallUpgrade(string image)
    {
        Fallback = Next;
        Next = 1 - Next;
        slots[Next] = image;
        return Next == Running;
    }

    /// <summary>The machine starts from the next slot, or from the network.</summary>
    internal void Start(bool fromDisk) => Running = fromDisk ? Next : null;

    /// <summary>Goes back to the other slot; false when it is empty.</summary>
    internal bool RollBack()
    {
        if (slots[1 - Next] is null)
            return false;
        Next = 1 - Next;
        Fallback = null;
        return true;
    }

    /// <summary>
    /// The machine was running and ready for the first time: no way back (rollouts.md 2.4). An upgrade that was installed since the
    /// boot keeps its own fallback.
    /// </summary>
    internal void Confirm()
    {
        if (Running == Next)
            Fallback = null;
    }

    /// <summary>A config that was applied to the installed system.</summary>
    internal void Reconfigure(string config) => Config = config;

    internal void WriteMeta(byte key, byte[] value) => meta[key] = value;

    /// <summary>Wipes partitions; what boots is gone with the partition that it stands on.</summary>
    internal void Wipe(IReadOnlyCollection<string> partitions)
    {
        if (partitions.Contains("STATE"))
            Config = null;
        if (partitions.Contains("EPHEMERAL"))
            HasEtcdData = false;
        if (partitions.Contains("META"))
        {
            meta.Clear();
            Fallback = null;
        }
        if (partitions.Contains("EFI") || partitions.Contains("BOOT"))
            (slots[0], slots[1], Next, Running, CommandLine) = (null, null, 0, null, "");
    }

    /// <summary>What was written is safe from here on.</summary>
    internal Task SyncAsync(CancellationToken cancellation) =>
        Store(new([.. slots], Next, Fallback, Config, CommandLine, HasEtcdData), cancellation);
}

/// <summary>What stays of a disk without power: the fields of <see cref="SystemDisk"/>.</summary>
public sealed record DiskContents(string?[] Slots, int Next, int? Fallback, string? Config, string CommandLine, bool HasEtcdData);
