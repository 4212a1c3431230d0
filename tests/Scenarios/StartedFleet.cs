using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Scenarios;

/// <summary>Coordinator and agent as processes, and what the API tells of them; machines are the test's own.</summary>
internal sealed class StartedFleet : IAsyncDisposable
{
    /// <summary>How long anything is waited for.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly TestDirectory root = new();
    private readonly Loopback network = Loopback.Reserve(Environment.ProcessId);
    private readonly FleetProcesses processes;

    private StartedFleet(string agentConfig)
    {
        Directory = new(root.Path);
        Directory.Create();
        processes = new(Directory, network, agentConfig, Built.NativeAgent);
    }

    public RunDirectory Directory { get; }

    public Grpc.Net.Client.GrpcChannel Channel { get; private set; } = null!;

    public FleetView View { get; private set; } = null!;

    public Journey Journey { get; private set; } = null!;

    /// <param name="agentConfig">More of it; may be empty.</param>
    public static async Task<StartedFleet> StartAsync(string agentConfig, CancellationToken cancellation)
    {
        var fleet = new StartedFleet(agentConfig);
        await fleet.processes.StartCoordinatorAsync(cancellation);
        fleet.Channel = OperatorContext.Load(fleet.Directory.Context).Dial();
        fleet.View = new(fleet.Channel);
        var version = SemanticVersion.Parse("v1.13.8");
        var options = new DemoOptions(1, version, version, fleet.root.Path);
        fleet.Journey = new(options, fleet.Directory, new SilentScreen(), fleet.processes, fleet.Channel, fleet.View);
        var token = await fleet.Journey.CreateTokenAsync(cancellation);
        await fleet.Journey.ApplyRackAsync(cancellation);
        await fleet.processes.StartAgentAsync(token, cancellation);
        return fleet;
    }

    /// <summary>A rack of one machine, which is off.</summary>
    public SimulatedRack Rack(int seed) => new(
        new(1, new(new(network.Agent, Loopback.DhcpPort), Loopback.TftpPort, network.Relay), seed, Speed: 20), TimeProvider.System);

    /// <summary>Waits until the nodes are so.</summary>
    /// <returns>The moment at which the API's watch told it.</returns>
    public async Task<DateTimeOffset> UntilAsync(Func<IReadOnlyList<Node>, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (true)
        {
            var next = View.NextAsync();
            if (condition(View.Nodes))
                return TimeProvider.System.GetUtcNow();
            await next.WaitAsync(limit.Token);
        }
    }

    /// <summary>Waits until the agent's log has that text.</summary>
    public async Task UntilAgentSaysAsync(string text)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!(await File.ReadAllTextAsync(Directory.AgentLog, limit.Token)).Contains(text, StringComparison.Ordinal))
            await look.WaitForNextTickAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await View.DisposeAsync();
        Channel.Dispose();
        await processes.DisposeAsync();
        network.Dispose();
        root.Dispose();
    }
}
