using System.Net;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Simulator;

/// <summary>
/// A machine whose kernel came up from the network already: real firmware did it, or nobody looks at it. Later boots take the
/// disk as soon as there is something on it, and the same kernel otherwise.
/// </summary>
public sealed class StartedKernel(SemanticVersion version, string commandLine, IPAddress address)
{
    internal IFirmware With(Pace pace) => new Firmware(version, commandLine, address, pace);

    private sealed class Firmware(SemanticVersion version, string commandLine, IPAddress address, Pace pace) : IFirmware
    {
        private bool up = true;

        public async Task<BootSource> RunAsync(SystemDisk disk, CancellationToken cancellation)
        {
            if (!up)
                await pace.WaitAsync(20, cancellation); // Power-on self test.
            up = false;
            return disk.IsInstalled ? new BootSource.Disk(address) : new BootSource.Network(version, commandLine, address);
        }
    }
}
