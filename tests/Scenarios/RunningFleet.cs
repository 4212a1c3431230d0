using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Grpc.Net.Client;

namespace Cozy.Fleet.Scenarios;

/// <summary>Coordinator and agent as processes of their own, and what is seen of them; the machines are the test's.</summary>
internal sealed class RunningFleet : IAsyncDisposable
{
    /// <summary>How long anything is waited for.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly TestDirectory root = new();
    private readonly Loopback network = Loopback.Reserve(Environment.ProcessId);
    private readonly FleetProcesses processes;

    private RunningFleet(string agentSettings, string? nativeAgent)
    {
        Directory = new(root.Path);
        Directory.Create();
        processes = new(Directory, network, agentSettings, nativeAgent);
    }

    public RunDirectory Directory { get; }

    public DemoOptions Options { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    public FleetView View { get; private set; } = null!;

    public Journey Journey { get; private set; } = null!;

    public System.Net.IPAddress AgentAddress => network.Agent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="nodes">How many machines become the cluster.</param>
    /// <param name="talos">FROM..TO, or the one version.</param>
    public static async Task<RunningFleet> StartAsync(
        int nodes, string talos = "v1.13.8", string agentSettings = "", string? nativeAgent = null)
    {
        var fleet = new RunningFleet(agentSettings, nativeAgent);
        var versions = talos.Split("..").Select(SemanticVersion.Parse).ToArray();
        await fleet.processes.StartCoordinatorAsync(Cancellation);
        fleet.Channel = OperatorContext.Load(fleet.Directory.Context).Dial();
        fleet.View = new(fleet.Channel);
        fleet.Options = new(nodes, versions[0], versions[^1], fleet.root.Path);
        fleet.Journey = new(fleet.Options, fleet.Directory, new SilentScreen(), fleet.processes, fleet.Channel, fleet.View);
        var token = await fleet.Journey.CreateTokenAsync(Cancellation);
        await fleet.Journey.ApplyRackAsync(Cancellation);
        await fleet.processes.StartAgentAsync(token, Cancellation);
        return fleet;
    }

    public SimulatedRack Rack(int machines, int seed) => new(
        new(machines, new(new(network.Agent, Loopback.DhcpPort), Loopback.TftpPort, network.Relay), seed, Speed: 20), TimeProvider.System);

    public Node Node(string hostname) => View.Nodes.Single(n => n.Status.Hostname == hostname);

    /// <summary>Waits until it is so, by what the API's watches tell.</summary>
    /// <returns>The moment at which they told it.</returns>
    public async Task<DateTimeOffset> UntilAsync(string what, Func<FleetView, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(Limit);
        while (true)
        {
            var next = View.NextAsync();
            if (condition(View))
                return TimeProvider.System.GetUtcNow();
            try
            {
                await next.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
            {
                var nodes = string.Join('\n', View.Nodes.Select(n => n.Status));
                Assert.Fail($"not seen: {what}. The cluster: {View.Cluster?.Status}. The nodes: {nodes}");
            }
        }
    }

    /// <summary>Waits until the agent's log has that text.</summary>
    public async Task UntilAgentSaysAsync(string text)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
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
