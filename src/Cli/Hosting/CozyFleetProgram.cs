using System.CommandLine;
using Cozy.Fleet.Cli.Commands;

namespace Cozy.Fleet.Cli.Hosting;

/// <summary>The whole program: arguments in, exit code out. Everything that fails becomes one sentence on stderr here.</summary>
internal static class CozyFleetProgram
{
    // 128 + SIGINT, as shells report it.
    private const int Interrupted = 130;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation)
    {
        // Without a replacer: a name that begins with @ is a name, not a file of further arguments.
        var parsed = Root(new Shell(terminal)).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
            return await SayAsync(terminal, Misuse(parsed));
        try
        {
            return await parsed.InvokeAsync(Invocation(terminal), cancellation);
        }
        catch (Failure failure)
        {
            return await SayAsync(terminal, failure);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Interrupted;
        }
    }

    private static InvocationConfiguration Invocation(Terminal terminal) => new()
    {
        Output = terminal.Output,
        Error = terminal.Error,
        EnableDefaultExceptionHandler = false,
        // The program listens to signals itself, so that a watch ends with 0.
        ProcessTerminationTimeout = null,
    };

    private static RootCommand Root(Shell shell)
    {
        var root = new RootCommand(
            $"Runs a fleet of Talos machines: racks, nodes, images, clusters and rollouts. {ExitCode.Help}") { shell.Context };
        Command[] commands =
        [
            ApplyCommand.Create(shell), DiffCommand.Create(shell), GetCommand.Create(shell), DescribeCommand.Create(shell),
            WatchCommand.Create(shell), DeleteCommand.Create(shell), ImageCommands.Create(shell), NodeCommands.Create(shell),
            ClusterCommands.Create(shell), RolloutCommands.Create(shell), TokenCommands.Create(shell), LeaseCommands.Create(shell),
            EventsCommand.Create(shell), VersionCommand.Create(shell),
        ];
        foreach (var command in commands)
            root.Add(command);
        return root;
    }

    private static Failure Misuse(ParseResult parsed)
    {
        var errors = parsed.Errors.Select(error => string.Join(' ',
            error.Message.Split([' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.')).Distinct().ToArray();
        var path = string.Join(' ', Names(parsed.CommandResult.Command).Reverse());
        return new(ExitCode.Usage, $"{string.Join("; ", errors)}: see `{path} --help`.");
    }

    private static IEnumerable<string> Names(Command command)
    {
        for (var current = command; current is not null; current = current.Parents.OfType<Command>().FirstOrDefault())
            yield return current is RootCommand ? "cozyfleet" : current.Name;
    }

    private static async Task<int> SayAsync(Terminal terminal, Failure failure)
    {
        await terminal.Output.FlushAsync();
        await terminal.Error.WriteLineAsync(failure.Message);
        foreach (var detail in failure.Details)
            await terminal.Error.WriteLineAsync("  " + detail);
        return failure.Code;
    }
}
