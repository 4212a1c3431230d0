using System.Diagnostics;
using System.Text.Json;

namespace Cozy.Fleet.Scenarios;

/// <summary>One run of `./fleet demo --json`: real coordinator, real agent, simulated machines.</summary>
internal sealed record DemoRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The summary that the demo printed as JSON.</summary>
    public JsonElement Summary => JsonDocument.Parse(Output).RootElement;

    /// <summary>The sentence that the run ends with where it did not go well.</summary>
    public string LastSentence => Errors.TrimEnd().Split('\n')[^1];

    public static async Task<DemoRun> StartAsync(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, CancellationToken cancellation)
    {
        using var directory = new TestDirectory();
        string[] all = [Built.Program("Demo", "cozy-fleet-demo"), "--json", "--directory", directory.Path, .. arguments];
        var start = new ProcessStartInfo("dotnet", all)
        {
            WorkingDirectory = directory.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        using var process = Process.Start(start) ?? throw new InvalidOperationException("The demo could not be started.");
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return new(process.ExitCode, await output, await errors);
        }
        finally
        {
            // Its children end with it, whatever ends it.
            if (!process.HasExited)
                process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
