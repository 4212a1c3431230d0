using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Demo;

/// <summary>The command line. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the rollout stopped, 130 interrupted.</summary>
internal static class DemoCommand
{
    private static readonly Dictionary<string, Fault> Faults = new()
    {
        ["install-fails"] = Fault.InstallFails,
        ["boots-old-version"] = Fault.BootsOldVersion,
        ["never-returns"] = Fault.NeverReturns,
        ["slow-boot"] = Fault.SlowBoot,
        ["api-flaps"] = Fault.ApiFlaps,
    };

    private static readonly Option<int> Nodes = new("--nodes")
    {
        Description = "How many machines stand in the rack (1 to 100).", DefaultValueFactory = _ => 6,
    };

    private static readonly Option<int> Spares = new("--spares")
    {
        Description = "How many more of them are switched off (0 to 20); with --keep, `on MACHINE` switches one on.",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Print the summary as JSON, and nothing else." };

    private static readonly Option<bool> Keep = new("--keep") { Description = "Leave everything running until Ctrl-C." };

    private static readonly Option<string?> FaultName = new("--fault")
    {
        Description = "What goes wrong with the second machine of the rollout.",
    };

    private static readonly Option<string?> Kill = new("--kill")
    {
        Description = "Which process is killed (kill -9) in the middle of the rollout, and started again.",
    };

    private static readonly Option<string> Talos = new("--talos")
    {
        Description = "The Talos versions to start with and to upgrade to.",
        DefaultValueFactory = _ => "v1.13.8..v1.13.9",
        HelpName = "FROM..TO",
    };

    private static readonly Option<double> Speed = new("--speed")
    {
        Description = "How much faster than real servers the machines are.", DefaultValueFactory = _ => 20,
    };

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "Decides all that chance decides.", DefaultValueFactory = _ => 1,
    };

    private static readonly Option<string?> Place = new("--directory")
    {
        Description = "Where logs and data go; default: a new directory below .run/demo.",
    };

    public static async Task<int> RunAsync(string[] arguments)
    {
        var command = Command();
        var parsed = command.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        using var interrupted = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        command.SetAction((result, _) => Rehearsal.RunAsync(Read(result), Screen(result), interrupted.Token));
        // Signals are ours: everything that was started must have ended before we do.
        var plain = new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
        return await parsed.InvokeAsync(plain, CancellationToken.None);

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted.Cancel();
        }
    }

    private static RootCommand Command()
    {
        Nodes.Validators.Add(Range<int>(1, 100));
        Spares.Validators.Add(Range<int>(0, 20));
        Speed.Validators.Add(Range<double>(0.1, 100));
        FaultName.AcceptOnlyFromAmong([.. Faults.Keys]);
        Kill.AcceptOnlyFromAmong("coordinator", "agent");
        Talos.Validators.Add(result =>
        {
            if (Versions(result.GetValueOrDefault<string>()) is null)
                result.AddError("--talos is two versions such as v1.13.8..v1.13.9.");
        });
        return new("Brings up a rack of simulated machines, makes a cluster of them, and upgrades it one node at a time.")
        {
            Nodes, Spares, Json, Keep, FaultName, Kill, Talos, Speed, Seed, Place,
        };
    }

    private static DemoOptions Read(ParseResult result)
    {
        var (from, to) = Versions(result.GetRequiredValue(Talos))!.Value;
        var directory = result.GetValue(Place) ?? Path.Combine(".run", "demo",
            $"{TimeProvider.System.GetLocalNow():yyyyMMdd-HHmmss}-{Environment.ProcessId}");
        return new(result.GetRequiredValue(Nodes), from, to, Path.GetFullPath(directory))
        {
            Spares = result.GetValue(Spares),
            Json = result.GetValue(Json),
            Keep = result.GetValue(Keep),
            Fault = result.GetValue(FaultName) is { } fault ? Faults[fault] : Fault.None,
            Kill = result.GetValue(Kill) switch { "coordinator" => Part.Coordinator, "agent" => Part.Agent, _ => Part.None },
            Speed = result.GetRequiredValue(Speed),
            Seed = result.GetRequiredValue(Seed),
        };
    }

    private static Screen Screen(ParseResult result) => result.GetValue(Json) ? new SilentScreen()
        : Console.IsOutputRedirected ? new PlainScreen(Console.Out, TimeProvider.System) : new TerminalScreen();

    private static (SemanticVersion From, SemanticVersion To)? Versions(string? text) =>
        text?.Split("..") is [var first, var last]
        && SemanticVersion.TryParse(first, out var from) && SemanticVersion.TryParse(last, out var to)
            ? (from, to)
            : null;

    private static Action<OptionResult> Range<T>(T minimum, T maximum)
        where T : IComparable<T> => result =>
    {
        if (result.GetValueOrDefault<T>() is not { } value || value.CompareTo(minimum) < 0 || value.CompareTo(maximum) > 0)
            result.AddError($"{result.Option.Name} is a number from {minimum} to {maximum}.");
    };
}
