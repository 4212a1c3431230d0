using System.Diagnostics;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Processes;

namespace Cozy.Fleet.Scenarios;

/// <summary>The `cozyfleet` program as an operator runs it, in the directory of a run.</summary>
internal static class CozyFleetCommand
{
    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <returns>Its output.</returns>
    public static async Task<string> RunAsync(RunDirectory directory, string input, params string[] arguments)
    {
        var (code, output, errors) = await TryAsync(directory, input, arguments);
        Assert.True(code == 0, errors);
        return output;
    }

    /// <summary>Runs it to its end, whatever that is.</summary>
    public static async Task<(int Code, string Output, string Errors)> TryAsync(
        RunDirectory directory, string input, params string[] arguments)
    {
        var cancellation = TestContext.Current.CancellationToken;
        string[] command = [Built.Program("Cli", "cozyfleet"), "--context", directory.Context, .. arguments];
        using var process = Process.Start(new ProcessStartInfo("dotnet", command)
        {
            WorkingDirectory = directory.Root, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        }) ?? throw new InvalidOperationException("The program could not be started.");
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellation);
            TestContext.Current.TestOutputHelper?.WriteLine(await output);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
