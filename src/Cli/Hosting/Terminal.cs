using Spectre.Console;

namespace Cozy.Fleet.Cli.Hosting;

/// <summary>What the program reads from and writes to; the tests give their own.</summary>
internal sealed record Terminal(TextReader Input, TextWriter Output, TextWriter Error)
{
    /// <summary>Whether a person looks at it: live tables and colours, else plain lines.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Where a person answers questions; null when nobody is asked.</summary>
    public IAnsiConsole? Dialog { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Environment variables by name; null where one is not set.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    public static Terminal OfThisProcess()
    {
        var terminal = new Terminal(Console.In, Console.Out, Console.Error)
        {
            IsInteractive = !Console.IsOutputRedirected && System.Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"),
        };
        return terminal with { Dialog = terminal.IsInteractive && !Console.IsInputRedirected ? terminal.Canvas() : null };
    }

    /// <summary>Spectre's view of the output: colours only for people, and never with NO_COLOR.</summary>
    public IAnsiConsole Canvas() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Output),
        Ansi = IsInteractive ? AnsiSupport.Yes : AnsiSupport.No,
        ColorSystem = IsInteractive && Environment("NO_COLOR") is null ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
    });

    public DateTimeOffset Now() => Time.GetUtcNow();
}
