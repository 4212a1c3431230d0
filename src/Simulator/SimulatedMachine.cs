using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Simulator.Firmware;
using Cozy.Fleet.Simulator.Talos;

namespace Cozy.Fleet.Simulator;

/// <summary>One machine: it is switched on, boots as its firmware and disk say, runs Talos, and reboots, until it is switched off.</summary>
public sealed class SimulatedMachine
{
    private readonly IFirmware firmware;
    private readonly SimulatedClusters clusters;
    private readonly Random random;
    private readonly Action<MachineEvent> happened;
    private int faultsLeft;

    internal SimulatedMachine(MachineOptions options, IFirmware firmware, SimulatedClusters clusters, Pace pace, Random random,
        Action<MachineEvent> happened)
    {
        (Options, this.firmware, this.clusters, Pace, this.random) = (options, firmware, clusters, pace, random);
        (this.happened, faultsLeft) = (happened, options.FaultCount);
    }

    public MachineOptions Options { get; private set; }

    public SystemDisk Disk { get; private init; } = new();

    public MachineCounters Counters { get; } = new();

    internal Pace Pace { get; }

    internal static IReadOnlyCollection<string> DiskNames { get; } = ["/dev/vda"];

    /// <summary>From now on this goes wrong: a rehearsal breaks a machine when its turn is known.</summary>
    public void Arm(Fault fault)
    {
        faultsLeft = Options.FaultCount;
        Options = Options with { Fault = fault };
    }

    /// <summary>A machine without a network boot of its own: its kernel is up.</summary>
    public static SimulatedMachine Started(MachineOptions options, StartedKernel kernel, SimulatedClusters clusters, Pace pace,
        Random random, Action<MachineEvent> happened) => new(options, kernel.With(pace), clusters, pace, random, happened) { Disk = kernel.Disk };

    /// <summary>Runs until the token is cancelled, which is the power switch, or until Talos switches the machine off.</summary>
    public async Task RunAsync(CancellationToken powerOff)
    {
        Record("on");
        while (!powerOff.IsCancellationRequested)
        {
            try
            {
                if (!await BootOnceAsync(powerOff))
                    break;
            }
            catch (OperationCanceledException) when (powerOff.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure) when (failure is IOException or SocketException or FormatException or HttpRequestException or TaskCanceledException)
            {
                // What a ROM does: it prints why, waits, and starts again. A cancelled task here is a server that fell silent.
                Record("bootfailure", failure.Message);
                await PauseAsync(10, powerOff);
            }
        }
        Record("off");
    }

    internal void Record(string what, string detail = "") =>
        happened(new(Pace.Clock.GetUtcNow(), Options.Name, what, detail));

    internal string NewBootId()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }

    /// <summary>True when the fault strikes now; it is used up then.</summary>
    internal bool TakeFault(Fault fault) => Options.Fault == fault && Interlocked.Decrement(ref faultsLeft) >= 0;

    // False when the machine was shut down.
    private async Task<bool> BootOnceAsync(CancellationToken powerOff)
    {
        var source = await firmware.RunAsync(Disk, powerOff);
        if (source is BootSource.Network network)
        {
            Record("netboot", network.CommandLine);
            if (network.CommandLine.Split(' ').Contains("talos.experimental.wipe=system"))
            {
                Record("wiped");
                Disk.Wipe(SystemDisk.Partitions);
            }
            Disk.Start(fromDisk: false);
            return await RunTalosAsync(new(network.Version, network.Address, network.CommandLine, FromDisk: false), powerOff);
        }
        if (Disk.Fallback is not null && TakeFault(Fault.NeverReturns))
            await Task.Delay(Timeout.InfiniteTimeSpan, Pace.Clock, powerOff);
        if (Disk.Fallback is not null && TakeFault(Fault.BootsOldVersion))
            Disk.RollBack();
        if (Disk.Current is not { } image || ImageReference.VersionOf(image) is not { } version)
            throw new IOException("no bootable device");
        Record("diskboot", version.ToString());
        Disk.Start(fromDisk: true);
        return await RunTalosAsync(new(version, ((BootSource.Disk)source).Address, Disk.CommandLine, FromDisk: true), powerOff);
    }

    private async Task<bool> RunTalosAsync(BootedKernel kernel, CancellationToken powerOff)
    {
        Counters.Booted();
        using var run = new TalosRun(this, clusters, kernel);
        await run.RunAsync(powerOff);
        return !run.IsShutDown;
    }

    private async Task PauseAsync(double seconds, CancellationToken powerOff)
    {
        try
        {
            await Pace.WaitAsync(seconds, powerOff);
        }
        catch (OperationCanceledException)
        {
            // Switched off while it waited; the caller sees that.
        }
    }
}

/// <summary>A kernel that has just started.</summary>
internal sealed record BootedKernel(SemanticVersion Version, IPAddress Address, string CommandLine, bool FromDisk);
