namespace Cozy.Fleet.Simulator;

/// <summary>
/// A disk with Talos' two boot slots and META (talos.md 6.4). "Next" is the slot that boots next; an installer always writes the
/// other one than the last installed, so two runs without a reboot destroy the system that runs (rollouts.md 2.3).
/// </summary>
public sealed class SystemDisk
{
    /// <summary>Installer image references, one a slot; null is an empty slot.</summary>
    public string?[] Slots { get; } = new string?[2];

    public int Next { get; private set; }

    /// <summary>META key 6: the slot to fall back to until the machine was ready once.</summary>
    public int? Fallback { get; private set; }

    /// <summary>The machine config on the STATE partition.</summary>
    public string? Config { get; set; }

    /// <summary>There is etcd data on EPHEMERAL.</summary>
    public bool HasEtcdData { get; set; }

    public bool IsInstalled => Slots[Next] is not null && Config is not null;

    public string? Current => Slots[Next];

    public void InstallFirst(string image)
    {
        (Slots[0], Slots[1], Next, Fallback) = (image, null, 0, null);
    }

    /// <summary>Writes the other slot and makes it the next one.</summary>
    public void InstallUpgrade(string image)
    {
        Fallback = Next;
        Next = 1 - Next;
        Slots[Next] = image;
    }

    /// <summary>Goes back to the other slot; false when it is empty.</summary>
    public bool RollBack()
    {
        if (Slots[1 - Next] is null)
            return false;
        Next = 1 - Next;
        Fallback = null;
        return true;
    }

    /// <summary>The machine was running and ready for the first time: no way back (rollouts.md 2.4).</summary>
    public void Confirm() => Fallback = null;
}
