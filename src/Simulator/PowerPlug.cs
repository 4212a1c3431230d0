using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Scenarios;

/// <summary>A simulated machine's power: on and off, as often as one likes.</summary>
internal sealed class PowerPlug(SimulatedMachine machine) : IAsyncDisposable
{
    private readonly Lock gate = new(); // A BMC switches from its own threads.
    private readonly List<(CancellationTokenSource Off, Task Life)> lives = [];

    public bool IsOn
    {
        get
        {
            lock (gate)
                return lives is [.., var (off, life)] && !off.IsCancellationRequested && !life.IsCompleted;
        }
    }

    public void On()
    {
        lock (gate)
        {
            var before = lives is [.., var (_, life)] ? life : Task.CompletedTask;
            var off = new CancellationTokenSource();
            lives.Add((off, LiveAsync(before, off.Token)));
        }
    }

    public void Off()
    {
        lock (gate)
            lives[^1].Off.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (off, life) in lives)
        {
            await off.CancelAsync();
            await life;
            off.Dispose();
        }
    }

    // Its former life has an end, and its ports are free again.
    private async Task LiveAsync(Task before, CancellationToken off)
    {
        await before;
        await machine.RunAsync(off);
    }
}
