using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator.Firmware;

/// <summary>What the firmware starts.</summary>
public abstract record BootSource
{
    private BootSource()
    {
    }

    /// <summary>A kernel from the network. The address is the lease that the machine holds.</summary>
    public sealed record Network(SemanticVersion Version, string CommandLine, IPAddress Address) : BootSource;

    /// <summary>The machine's own disk.</summary>
    public sealed record Disk(IPAddress Address) : BootSource;
}

/// <summary>What happens between power and a kernel.</summary>
internal interface IFirmware
{
    /// <exception cref="IOException">The boot failed; the message says at which step.</exception>
    Task<BootSource> RunAsync(SystemDisk disk, CancellationToken cancellation);
}
