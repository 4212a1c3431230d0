using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>
/// What goes wrong during the rollout, if that was asked for: on the second machine of the plan, so that one has gone well before.
/// </summary>
internal sealed class Trouble : IDisposable
{
    private readonly DemoOptions options;
    private readonly SimulatedRack rack;
    private readonly SimulatedMachine victim;
    private readonly TaskCompletionSource installing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Trouble(DemoOptions options, SimulatedMachine victim, SimulatedRack rack)
    {
        (this.options, this.victim, this.rack) = (options, victim, rack);
        if (options.Fault != Fault.None)
            victim.Arm(options.Fault);
        rack.Happened += OnHappened;
    }

    /// <summary>Kills the chosen part while the installer runs: the worst moment, because its outcome is on the way.</summary>
    public async Task StrikeAsync(FleetProcesses fleet, Screen screen, Task ended, CancellationToken cancellation)
    {
        if (options.Kill == Part.None)
            return;
        if (await Task.WhenAny(installing.Task, ended) == ended)
            return;
        screen.Say($"kill -9 {options.Kill}: {victim.Options.Name}'s installer runs");
        await fleet.KillAndRestartAsync(options.Kill, cancellation);
        screen.Say($"{options.Kill} is back");
    }

    public void Dispose() => rack.Happened -= OnHappened;

    private void OnHappened(MachineEvent happened)
    {
        if (happened.What == "installer" && happened.Machine == victim.Options.Name)
            installing.TrySetResult();
    }
}
