using System.Net;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Simulator;

/// <summary>
/// A machine whose kernel is up already: real firmware did it, or nobody looks at it. Later boots take the disk as soon as there is
/// something on it, and the same kernel otherwise; unless the machine reboots for real, which ends the program.
/// </summary>
public sealed class StartedKernel(SemanticVersion version, string commandLine, IPAddress address)
{
    /// <summary>What the machine has installed; a new one is empty.</summary>
    public SystemDisk Disk { get; init; } = new();

    /// <summary>The kernel came from that disk.</summary>
    public bool FromDisk { get; init; }

    /// <summary>Ends the program, because the machine reboots; null where a reboot is only the pause that one takes.</summary>
    public Func<CancellationToken, Task>? Reboot { get; init; }

    internal IFirmware With(Pace pace) => new Firmware(this, pace);

    private BootSource Source(bool fromDisk) =>
        fromDisk ? new BootSource.Disk(address) : new BootSource.Network(version, commandLine, address);

    private sealed class Firmware(StartedKernel kernel, Pace pace) : IFirmware
    {
        private bool up = true;

        public async Task<BootSource> RunAsync(SystemDisk disk, CancellationToken cancellation)
        {
            if (up)
            {
                up = false;
                return kernel.Source(kernel.FromDisk);
            }
            await disk.SyncAsync(cancellation);
            if (kernel.Reboot is { } reboot)
                await reboot(cancellation);
            await pace.WaitAsync(20, cancellation); // Power-on self test.
            return kernel.Source(disk.IsInstalled);
        }
    }
}
