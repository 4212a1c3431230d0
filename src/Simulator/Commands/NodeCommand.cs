using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator.Talos;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>
/// One machine where the program runs: an early process of a virtual machine's initramfs. Without a disk a reboot is only the pause
/// that one takes, and the program goes on by itself as the system that was installed; with one the program ends.
/// </summary>
internal static class NodeCommand
{
    public static readonly string[] Options = ["--interface", "--talos", "--seed", "--speed", "--disk", "--booted-from"];

    public static async Task RunAsync(CommandArguments arguments, TextWriter output, CancellationToken stop)
    {
        var text = arguments.Optional("--talos", "v1.13.9");
        if (!SemanticVersion.TryParse(text, out var version))
            throw new UsageException($"--talos is a version such as v1.13.9, not '{text}'.");
        var name = arguments.Required("--interface");
        var options = PhysicalMachine.Identify(name);
        var disk = arguments.All("--disk").LastOrDefault() is { } program ? await new DiskProgram(program).ReadAsync(stop) : null;
        using var power = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var start = new StartedKernel(version, PhysicalMachine.CommandLine(), PhysicalMachine.AddressOf(name))
        {
            Disk = disk ?? new(),
            FromDisk = BootedFromDisk(arguments),
            Reboot = disk is null ? null : _ => power.CancelAsync(),
        };
        var clusters = new SimulatedClusters();
        if (disk is { HasEtcdData: true, Config: { } yaml } && NodeConfig.TryRead(yaml, SimulatedMachine.DiskNames, version, out _) is { } config)
            clusters.Remember(config);
        var pace = new Pace(TimeProvider.System, arguments.Speed());
        var seed = arguments.Number("--seed", options.Mac.GetHashCode() & int.MaxValue, 0, int.MaxValue);
        var machine = SimulatedMachine.Started(options, start, clusters, pace, new Random(seed), new EventLines(output).Write);
        await machine.RunAsync(power.Token);
    }

    private static bool BootedFromDisk(CommandArguments arguments) => arguments.Optional("--booted-from", "network") switch
    {
        "network" => false,
        "disk" => true,
        var other => throw new UsageException($"--booted-from is network or disk, not '{other}'."),
    };
}
