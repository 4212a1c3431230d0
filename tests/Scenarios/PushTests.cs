using System.Globalization;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Demo.Screens;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Cozy.Fleet.Talos;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Scenarios;

/// <summary>A node's change is visible at the coordinator's API because the node told it: the agent polls once an hour here.</summary>
public sealed class PushTests
{
    private const string HardlyAnyPolling = "talos: {observeInterval: 1h}\n";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_nodes_reboot_and_its_return_are_visible_without_a_poll()
    {
        using var root = new TestDirectory();
        using var network = Loopback.Reserve(Environment.ProcessId);
        var directory = new RunDirectory(root.Path);
        directory.Create();
        var version = SemanticVersion.Parse("v1.13.8");
        var options = new DemoOptions(1, version, version, root.Path);
        await using var fleet = new FleetProcesses(directory, network, HardlyAnyPolling);
        await fleet.StartCoordinatorAsync(cancellation);
        using var channel = OperatorContext.Load(directory.Context).Dial();
        await using var view = new FleetView(channel);
        var journey = new Journey(options, directory, new SilentScreen(), fleet, channel, view);
        var token = await journey.CreateTokenAsync(cancellation);
        await journey.ApplyRackAsync(cancellation);
        await fleet.StartAgentAsync(token, cancellation);
        await using var rack = new SimulatedRack(
            new(1, new(new(network.Agent, Loopback.DhcpPort), Loopback.TftpPort, network.Relay), Seed: 3, Speed: 20), TimeProvider.System);
        rack.PowerOn();
        await journey.DiscoverAsync(cancellation);
        Print("maintenance", rack, await UntilAsync(view, node => node.Status.Stage == MachineStage.Maintenance));
        await journey.CreateClusterAsync(cancellation);
        var running = view.Nodes.Single().Status;

        using (var connection = await OperatorAsync(channel, running.Address))
            await new TalosOperator(connection, cancellation).RebootAsync();

        var down = await UntilAsync(view, node => !node.Status.Ready || node.Status.Stage != MachineStage.Running);
        var back = await UntilAsync(view, node =>
            node.Status is { Ready: true, Stage: MachineStage.Running } && node.Status.BootId != running.BootId);
        Assert.True(down < Happened(rack, "ready"), "the node was seen as down only after it had come back");
        Print("down", rack, down);
        Print("ready", rack, back);
    }

    private async Task<TalosConnection> OperatorAsync(Grpc.Core.ChannelBase channel, string address)
    {
        var answer = await new ClusterService.ClusterServiceClient(channel).GetTalosconfigAsync(
            new() { Name = Documents.ClusterName, Role = "os:operator" }, cancellationToken: cancellation);
        var stream = new YamlStream();
        stream.Load(new StringReader(answer.Talosconfig));
        var contexts = (YamlMappingNode)stream.Documents[0].RootNode["contexts"];
        var context = contexts.Children.Values.First();
        return TalosConnection.Secure(System.Net.IPAddress.Parse(address), TalosConnection.DefaultPort, new(Pem("ca"), Pem("crt"), Pem("key")));

        string Pem(string key) => System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(((YamlScalarNode)context[key]).Value!));
    }

    // The moment at which the API's watch told it.
    private async Task<DateTimeOffset> UntilAsync(FleetView view, Func<Node, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        while (true)
        {
            var next = view.NextAsync();
            if (view.Nodes.Any(condition))
                return TimeProvider.System.GetUtcNow();
            await next.WaitAsync(limit.Token);
        }
    }

    private static DateTimeOffset Happened(SimulatedRack rack, string what) => rack.History.Last(e => e.What == what).Time;

    private static void Print(string what, SimulatedRack rack, DateTimeOffset visible) =>
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what}: visible at the API {(visible - Happened(rack, what)).TotalMilliseconds:0} ms after it happened"));
}
