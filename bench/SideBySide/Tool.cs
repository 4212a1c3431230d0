using System.Diagnostics;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>Runs other programs to their end.</summary>
internal static class Tool
{
    /// <summary>What it printed.</summary>
    /// <exception cref="InvalidOperationException">It ended with another code than 0.</exception>
    public static async Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var (code, output) = await TryAsync(program, arguments);
        return code == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {code}: {output}");
    }

    /// <summary>Its exit code and what it printed.</summary>
    public static async Task<(int Code, string Output)> TryAsync(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>How long these programs take, started together.</summary>
    public static async Task<TimeSpan> TimeAsync(params IEnumerable<string[]> commands)
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(commands.Select(command => RunAsync(command[0], command[1..])));
        return clock.Elapsed;
    }
}
