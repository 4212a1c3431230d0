using System.Net;
using System.Text;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Simulator.Firmware;
using Cozy.Fleet.Simulator.Talos;

namespace Cozy.Fleet.Simulator;

/// <summary>One machine: it is switched on, boots as its firmware and disk say, runs Talos, and reboots, until it is switched off.</summary>
public sealed class SimulatedMachine
{
    private readonly RackWiring wiring;
    private readonly SimulatedClusters clusters;
    private readonly Random random;
    private readonly HttpClient http;
    private readonly Action<MachineEvent> happened;
    private int faultsLeft;

    internal SimulatedMachine(MachineOptions options, RackWiring wiring, SimulatedClusters clusters, Pace pace, Random random,
        HttpClient http, Action<MachineEvent> happened)
    {
        (Options, this.wiring, this.clusters, Pace, this.random) = (options, wiring, clusters, pace, random);
        (this.http, this.happened, faultsLeft) = (http, happened, options.FaultCount);
    }

    public MachineOptions Options { get; private set; }

    public SystemDisk Disk { get; } = new();

    internal Pace Pace { get; }

    internal IReadOnlyCollection<string> DiskNames { get; } = ["/dev/vda"];

    /// <summary>From now on this goes wrong: a rehearsal breaks a machine when its turn is known.</summary>
    public void Arm(Fault fault)
    {
        faultsLeft = Options.FaultCount;
        Options = Options with { Fault = fault };
    }

    /// <summary>Runs until the token is cancelled: that is the power switch.</summary>
    public async Task RunAsync(CancellationToken powerOff)
    {
        Record("on");
        while (!powerOff.IsCancellationRequested)
        {
            try
            {
                await BootOnceAsync(powerOff);
            }
            catch (OperationCanceledException) when (powerOff.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure) when (failure is IOException or FormatException or HttpRequestException)
            {
                // What a ROM does: it prints why, waits, and starts again.
                Record("bootfailure", failure.Message);
                await Pace.WaitAsync(10, CancellationToken.None);
            }
        }
        Record("off");
    }

    internal void Record(string what, string detail = "") =>
        happened(new(Pace.Clock.GetUtcNow(), Options.Name, what, detail));

    internal string NewBootId()
    {
        var bytes = new byte[16];
        lock (random)
            random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }

    /// <summary>True when the fault strikes now; it is used up then.</summary>
    internal bool TakeFault(Fault fault) => Options.Fault == fault && Interlocked.Decrement(ref faultsLeft) >= 0;

    private async Task BootOnceAsync(CancellationToken powerOff)
    {
        await Pace.WaitAsync(20, powerOff); // Power-on self test.
        var source = await new NetworkBoot(Options, wiring, Pace, random, http).RunAsync(powerOff);
        if (source is BootSource.Network network)
        {
            Record("netboot", network.CommandLine);
            await RunTalosAsync(VersionOf(network), network.Address, fromDisk: false, powerOff);
            return;
        }
        var address = ((BootSource.Disk)source).Address;
        if (Disk.Fallback is not null && TakeFault(Fault.NeverReturns))
            await Task.Delay(Timeout.InfiniteTimeSpan, Pace.Clock, powerOff);
        if (Disk.Fallback is not null && TakeFault(Fault.BootsOldVersion))
            Disk.RollBack();
        if (Disk.Current is not { } image || TalosRun.ImageVersion(image) is not { } version)
            throw new IOException("no bootable device");
        Record("diskboot", version.ToString());
        await RunTalosAsync(version, address, fromDisk: true, powerOff);
    }

    private async Task RunTalosAsync(SemanticVersion version, IPAddress address, bool fromDisk, CancellationToken powerOff)
    {
        using var run = new TalosRun(this, clusters, version, address, fromDisk);
        await run.RunAsync(powerOff);
    }

    // A stand-in kernel says in its first line what it is; Talos' own command line must be there (talos.md 3.8).
    private static SemanticVersion VersionOf(BootSource.Network network)
    {
        if (!network.CommandLine.Split(' ').Contains("talos.platform=metal"))
            throw new IOException("kernel panic: talos.platform is not set");
        var line = Encoding.ASCII.GetString(network.Kernel.AsSpan(0, Math.Min(100, network.Kernel.Length))).Split('\n')[0];
        return SemanticVersion.TryParse(line.Split(' ')[^1], out var version)
            ? version
            : throw new IOException("kernel panic: this is not a kernel of a simulated Talos");
    }
}
