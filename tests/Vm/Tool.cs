using System.Diagnostics;

namespace Cozy.Fleet.Vm;

/// <summary>Runs other programs, with their output in hand.</summary>
internal static class Tool
{
    /// <summary>Runs to the end and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It ended with another code than 0.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Start(program, arguments, redirect: true);
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await output}{await errors}");
    }

    /// <summary>Starts a program whose output goes to a file.</summary>
    public static Process StartLogged(string program, IEnumerable<string> arguments, string logFile)
    {
        // The shell only joins the two outputs in one file and then becomes the program, so that the pid is the program's.
        return Start("/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", logFile, program, .. arguments], redirect: false);
    }

    private static Process Start(string program, IEnumerable<string> arguments, bool redirect) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
        }) ?? throw new InvalidOperationException($"{program} could not be started.");

    /// <summary>Ends a process that we started, and waits for its end.</summary>
    public static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
