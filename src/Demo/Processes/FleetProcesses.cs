namespace Cozy.Fleet.Demo.Processes;

/// <summary>The real coordinator and the real agent, as processes of their own.</summary>
/// <param name="agentSettings">More lines of the agent's configuration.</param>
/// <param name="nativeAgent">The agent as people install it; null: as it was built beside us.</param>
internal sealed class FleetProcesses(
    RunDirectory directory, Loopback network, string agentSettings = "", string? nativeAgent = null) : IAsyncDisposable
{
    private readonly Launcher launcher = new();
    private readonly TaskCompletionSource<DemoFailure> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ChildProcess? coordinator;
    private ChildProcess? agent;

    /// <summary>Completes when a process ends and nobody wanted that.</summary>
    public Task<DemoFailure> Lost => lost.Task;

    public async Task StartCoordinatorAsync(CancellationToken cancellation) => coordinator = await StartAsync(
        "coordinator", directory.CoordinatorLog,
        [
            DotNet(), Program("Coordinator", "cozy-fleet-coordinator"),
            "--data", directory.CoordinatorData, "--listen", $"127.0.0.1:{network.CoordinatorPort}",
        ],
        "", cancellation);

    /// <param name="token">What the agent enrols with; empty when it has done so before.</param>
    public async Task StartAgentAsync(string token, CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(directory.AgentConfig, AgentConfigFile.WithCoordinator(directory, network) + agentSettings, cancellation);
        string[] program = nativeAgent is null ? [DotNet(), Program("Agent", "cozy-fleet-agent")] : [nativeAgent];
        agent = await StartAsync("agent", directory.AgentLog, [.. program, "--config", directory.AgentConfig], token, cancellation);
    }

    /// <summary>kill -9, and the same command line again.</summary>
    public async Task KillAndRestartAsync(Part part, CancellationToken cancellation)
    {
        var victim = part == Part.Coordinator ? coordinator! : agent!;
        await victim.KillAsync();
        await victim.DisposeAsync();
        if (part == Part.Coordinator)
            await StartCoordinatorAsync(cancellation);
        else
            await StartAgentAsync("", cancellation);
    }

    /// <summary>What the operator's own tool is called with.</summary>
    public static string Cli => $"dotnet {Path.GetRelativePath(Environment.CurrentDirectory, Program("Cli", "cozyfleet"))}";

    public async ValueTask DisposeAsync()
    {
        // The agent first: it says goodbye to a coordinator that is still there.
        foreach (var process in new[] { agent, coordinator })
        {
            if (process is not null)
                await process.DisposeAsync();
        }
        launcher.Dispose();
    }

    private async Task<ChildProcess> StartAsync(string name, string log, string[] command, string token, CancellationToken cancellation)
    {
        Dictionary<string, string> environment = token == "" ? [] : new() { ["COZY_FLEET_TOKEN"] = token };
        var child = await ChildProcess.StartAsync(name, log, launcher.StartAsync(command[0], command[1..], environment), cancellation);
        _ = ReportLossAsync(child);
        return child;
    }

    private async Task ReportLossAsync(ChildProcess child) => lost.TrySetResult(await child.Lost);

    // The runtime that runs us runs them; our own launcher knows no runtime by name.
    private static string DotNet() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";

    // src/Demo/bin/CONFIGURATION/net10.0/ is where we are, or a test's place like it; the others are built in src.
    private static string Program(string project, string assembly)
    {
        var target = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var file = Path.GetFullPath(Path.Combine(
            target.FullName, "../../../../../src", project, "bin", target.Parent!.Name, target.Name, assembly + ".dll"));
        return File.Exists(file) ? file : throw new DemoFailure($"{file} is missing; build the solution first.");
    }
}
