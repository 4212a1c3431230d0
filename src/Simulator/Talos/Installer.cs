using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>The installer of an upgrade on one boot of a machine: one at a time, and it goes on when its caller leaves.</summary>
internal sealed class Installer(SimulatedMachine machine, SemanticVersion host, string bootId)
{
    private readonly Lock gate = new(); // Two callers may want to begin at once.
    private bool running;

    /// <summary>Only one installer at a time (talos.md 1.4).</summary>
    public bool TryBegin()
    {
        lock (gate)
            return !running && (running = true);
    }

    public void End()
    {
        lock (gate)
            running = false;
    }

    /// <summary>Runs it: exit code and last line (talos.md 6.5, rollouts.md 2.5).</summary>
    public async Task<(int ExitCode, string Line)> RunAsync(string image, CancellationToken cancellation)
    {
        machine.Record("installer", $"{bootId} {image}");
        var (code, line) = await InstallAsync(image, cancellation);
        // Codes mean something from 1.14 on; older images end with 1 whatever it was.
        return (code == 0 || ImageReference.VersionOf(image) is { } version && version.IsAtLeast(1, 14) ? code : 1, line);
    }

    private async Task<(int Code, string Line)> InstallAsync(string image, CancellationToken cancellation)
    {
        if (ImageReference.VersionOf(image) is not { } target)
            return (2, $"{image} has no version tag");
        if (!IsReachable(target))
            return (4, $"host version {host} is too far from {target}");
        await machine.Pace.WaitAsync(12, cancellation);
        machine.Counters.InstallerRan();
        if (machine.TakeFault(Fault.InstallFails))
            return (6, "failed to write the boot entry: input/output error");
        var destroyed = machine.Disk.InstallUpgrade(image);
        machine.Counters.Upgraded(destroyed);
        machine.Record("upgrade", target.ToString());
        if (destroyed)
            machine.Record("slotdestroyed", $"{bootId} ran from the slot that {image} was written to");
        return (0, $"installation of {target} complete");
    }

    // The preflight of a release: lowest and first refused minor of the host (talos.md 6.5).
    private bool IsReachable(SemanticVersion target)
    {
        var lowest = target.Minor switch { <= 8 => target.Minor - 3, 9 => 8, _ => target.Minor - 2 };
        return host.Major == target.Major && host.Minor >= lowest && host.Minor < target.Minor + 2;
    }
}
