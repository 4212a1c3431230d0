using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Agent.Tests.Wire;

/// <summary>The built agent as a process, and the lines that it prints.</summary>
internal sealed partial class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly Process process;
    private readonly Lock gate = new(); // Output and errors arrive on two threads.
    private readonly List<string> lines = [];
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AgentProcess(ProcessStartInfo start)
    {
        process = new() { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException($"The agent ended: {Output}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (gate)
                return string.Join('\n', lines);
        }
    }

    public static string Program { get; } = Find();

    /// <summary>Starts it at the PXE host's end of the wire, and waits until it serves.</summary>
    public static async Task<AgentProcess> StartAsync(Wire wire, string configFile, CancellationToken cancellation)
    {
        var agent = new AgentProcess(new("ip", wire.AtHost("dotnet", Program, "--config", configFile))
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        });
        await agent.ready.Task.WaitAsync(StartLimit, cancellation);
        return agent;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as systemd stops it; the exit code.</summary>
    public async Task<int> TerminateAsync(CancellationToken cancellation)
    {
        // `ip netns exec` becomes the program, so that the process is the agent itself.
        await Tool.RunAsync("bash", ["-c", $"kill -TERM {process.Id}"], cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await KillAsync();
        process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is null)
            return;
        lock (gate)
            lines.Add(line);
        if (ReadyLine().IsMatch(line))
            ready.TrySetResult();
    }

    private static string Find([CallerFilePath] string here = "")
    {
        var configuration = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";
        return Path.GetFullPath(Path.Combine(
            Path.GetDirectoryName(here)!, "../../../src/Agent/bin", configuration, "net10.0/cozy-fleet-agent.dll"));
    }

    [GeneratedRegex(@"\bready: rack ")]
    private static partial Regex ReadyLine();
}
