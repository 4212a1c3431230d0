using System.Globalization;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
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
        await using var fleet = await RunningFleet.StartAsync(nodes: 1, agentSettings: HardlyAnyPolling, nativeAgent: Built.NativeAgent);
        await using var rack = fleet.Rack(machines: 1, seed: 3);
        rack.PowerOn();
        await fleet.Journey.DiscoverAsync(cancellation);
        await fleet.Journey.CreateClusterAsync(cancellation);
        var running = fleet.View.Nodes.Single().Status;

        using (var connection = await OperatorAsync(fleet.Channel, running.Address))
            await new TalosOperator(connection, cancellation).RebootAsync();

        var down = await fleet.UntilAsync("the node is down", view =>
            view.Nodes.Any(n => !n.Status.Ready || n.Status.Stage != MachineStage.Running));
        var back = await fleet.UntilAsync("the node is back", view => view.Nodes.Any(n =>
            n.Status is { Ready: true, Stage: MachineStage.Running } && n.Status.BootId != running.BootId));
        Assert.True(down < Happened(rack, "ready"), "the node was seen as down only after it had come back");
        Print("down", down - Happened(rack, "down"));
        Print("ready", back - Happened(rack, "ready"));
    }

    [Fact]
    public async Task A_machine_that_comes_up_in_maintenance_mode_says_so_to_the_agent()
    {
        await using var fleet = await RunningFleet.StartAsync(nodes: 1, agentSettings: HardlyAnyPolling, nativeAgent: Built.NativeAgent);
        await using var first = fleet.Rack(machines: 1, seed: 3);
        await using var second = fleet.Rack(machines: 1, seed: 4);
        first.PowerOn();
        var seen = await fleet.UntilAsync("the first machine", view => view.Nodes.Count(InMaintenance) == 1);
        Print("first machine", seen - await UpAsync(first));
        second.PowerOn();
        seen = await fleet.UntilAsync("the second machine", view => view.Nodes.Count(InMaintenance) == 2);
        Print("second machine", seen - await UpAsync(second));

        var line = second.History.Single(e => e.What == "netboot").Detail;
        Assert.Contains("talos.events.sink=127.", line, StringComparison.Ordinal);
        Assert.Contains("talos.logging.kernel=tcp://127.", line, StringComparison.Ordinal);
        var name = fleet.View.Nodes.Single(n => n.Status.Macs.Contains(second.Machines[0].Options.Mac.ToString())).Metadata.Name;
        Assert.Contains("runningMaintenance", await KeptAsync(fleet.Channel, name), StringComparison.Ordinal);
    }

    private static bool InMaintenance(Node node) => node.Status.Stage == MachineStage.Maintenance;

    // The line may still be on its way.
    private async Task<string> KeptAsync(Grpc.Core.ChannelBase channel, string node)
    {
        while (true)
        {
            using var call = new NodeService.NodeServiceClient(channel).ReadNodeDmesg(
                new() { Name = node, Kept = true }, cancellationToken: cancellation);
            var text = "";
            while (await call.ResponseStream.MoveNext(cancellation))
                text += call.ResponseStream.Current.Data.ToStringUtf8();
            if (text.Contains("runningMaintenance", StringComparison.Ordinal))
                return text;
        }
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

    private static DateTimeOffset Happened(SimulatedRack rack, string what) => rack.History.Last(e => e.What == what).Time;

    // The machine may be seen before it has noted down itself that its API answers.
    private async Task<DateTimeOffset> UpAsync(SimulatedRack rack)
    {
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rack.Happened += Note;
        if (!rack.History.Any(e => e.What == "maintenance"))
            await up.Task.WaitAsync(Limit, cancellation);
        rack.Happened -= Note;
        return Happened(rack, "maintenance");

        void Note(MachineEvent happened)
        {
            if (happened.What == "maintenance")
                up.TrySetResult();
        }
    }

    private static void Print(string what, TimeSpan delay) => TestContext.Current.TestOutputHelper?.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{what}: visible at the API {delay.TotalMilliseconds:0} ms after it happened"));
}
