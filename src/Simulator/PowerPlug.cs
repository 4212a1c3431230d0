namespace Cozy.Fleet.Simulator;

/// <summary>One machine's power: on and off, as often as one likes.</summary>
public sealed class PowerPlug(SimulatedMachine machine) : IAsyncDisposable
{
    private readonly Lock gate = new(); // A BMC switches from its own threads.
    private readonly List<(CancellationTokenSource Off, Task Life)> lives = [];

    /// <summary>False also when Talos has switched the machine off.</summary>
    public bool IsOn
    {
        get
        {
            lock (gate)
                return IsOnLocked;
        }
    }

    /// <summary>From the switch to the end of the machine's work; the last one, when there were several.</summary>
    public Task Life
    {
        get
        {
            lock (gate)
                return LastLocked;
        }
    }

    private bool IsOnLocked => lives is [.., var (off, life)] && !off.IsCancellationRequested && !life.IsCompleted;

    private Task LastLocked => lives is [.., var (_, life)] ? life : Task.CompletedTask;

    /// <summary>Switches the machine on; one that is on stays so.</summary>
    public void On()
    {
        lock (gate)
        {
            if (IsOnLocked)
                return;
            var off = new CancellationTokenSource();
            lives.Add((off, LiveAsync(LastLocked, off.Token)));
        }
    }

    /// <summary>Takes the power away at once; the task ends when the machine's work has.</summary>
    public Task OffAsync()
    {
        lock (gate)
        {
            if (lives is [.., var (off, _)])
                off.Cancel();
            return LastLocked;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await OffAsync();
        foreach (var (off, _) in lives)
            off.Dispose();
    }

    // Its former life has an end, and its ports are free again.
    private async Task LiveAsync(Task before, CancellationToken off)
    {
        await before;
        await machine.RunAsync(off);
    }
}
