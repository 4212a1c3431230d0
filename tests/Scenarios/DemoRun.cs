using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Cozy.Fleet.Scenarios;

/// <summary>One run of `./fleet demo --json`: real coordinator, real agent, real CLI, simulated machines.</summary>
internal sealed record DemoRun(int ExitCode, string Output, string Errors)
{
    /// <summary>The summary that the demo printed as JSON.</summary>
    public JsonElement Summary => JsonDocument.Parse(Output).RootElement;

    public static async Task<DemoRun> StartAsync(
        IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, CancellationToken cancellation)
    {
        var program = Path.Combine(Root(), "src/Demo/bin", Configuration(), "net10.0/cozy-fleet-demo.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--json", .. arguments])
        {
            WorkingDirectory = Root(),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        using var process = Process.Start(start) ?? throw new InvalidOperationException("The demo could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return new(process.ExitCode, await output, await errors);
    }

    // The tests' own path tells the configuration that they were built with.
    private static string Configuration() =>
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
