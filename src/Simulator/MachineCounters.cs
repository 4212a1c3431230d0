namespace Cozy.Fleet.Simulator;

/// <summary>
/// What was done to a machine, counted by the machine itself: tests compare it with what the fleet believes. More than one
/// installer run in a boot is what must never happen (rollouts.md 2.3).
/// </summary>
public sealed class MachineCounters
{
    private readonly Lock gate = new(); // API calls count from their own threads.
    private int inThisBoot;

    /// <summary>Times that a kernel started.</summary>
    public int Boots { get; private set; }

    /// <summary>Times that an installer wrote to the disk, the first installation included.</summary>
    public int InstallerRuns { get; private set; }

    /// <summary>The most installer runs between two boots.</summary>
    public int MostInstallerRunsInOneBoot { get; private set; }

    /// <summary>Upgrades that an installer completed.</summary>
    public int Upgrades { get; private set; }

    /// <summary>Times that an installer wrote over the slot that the machine was running from.</summary>
    public int RunningSlotsDestroyed { get; private set; }

    internal void Booted()
    {
        lock (gate)
            (Boots, inThisBoot) = (Boots + 1, 0);
    }

    internal void InstallerRan()
    {
        lock (gate)
        {
            InstallerRuns++;
            MostInstallerRunsInOneBoot = Math.Max(MostInstallerRunsInOneBoot, ++inThisBoot);
        }
    }

    internal void Upgraded(bool destroyedRunning)
    {
        lock (gate)
        {
            Upgrades++;
            RunningSlotsDestroyed += destroyedRunning ? 1 : 0;
        }
    }
}
