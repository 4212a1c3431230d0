using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>
/// One machine where the program runs: the first process of a virtual machine's initramfs. It has no disk; a reboot is only the
/// pause that one takes, and the program goes on by itself as the system that was installed.
/// </summary>
internal static class NodeCommand
{
    public static readonly string[] Options = ["--interface", "--talos", "--seed", "--speed"];

    public static async Task RunAsync(CommandArguments arguments, TextWriter output, CancellationToken stop)
    {
        var text = arguments.Optional("--talos", "v1.13.9");
        if (!SemanticVersion.TryParse(text, out var version))
            throw new UsageException($"--talos is a version such as v1.13.9, not '{text}'.");
        var start = new StartedKernel(version, PhysicalMachine.CommandLine(), PhysicalMachine.AddressOf(arguments.Required("--interface")));
        var options = PhysicalMachine.Identify(arguments.Required("--interface"));
        var pace = new Pace(TimeProvider.System, arguments.Speed());
        var seed = arguments.Number("--seed", options.Mac.GetHashCode() & int.MaxValue, 0, int.MaxValue);
        var machine = SimulatedMachine.Started(options, start, new SimulatedClusters(), pace, new Random(seed), new EventLines(output).Write);
        await machine.RunAsync(stop);
    }
}
