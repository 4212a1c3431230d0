using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Api;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Scenarios;

/// <summary>A machine dies for good, is released, and another one takes its place: what docs/cluster.md tells an operator to do.</summary>
public sealed class ReplacementTests
{
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_spare_machine_takes_the_place_of_a_worker_that_died_and_the_dead_one_does_not_come_back()
    {
        await using var fleet = await RunningFleet.StartAsync(nodes: 5);
        await using var rack = await ClusterAsync(fleet, machines: 6);
        var dead = await DieAsync(fleet, rack, "c1-w-1");
        Assert.Contains("`cozyfleet node release c1-w-1`", Waits(fleet, "c1-w-1 is Running").UnblockedBy, StringComparison.Ordinal);
        var alive = await RefusedAsync(fleet, "node", "release", "c1-w-2");
        Assert.StartsWith("Node c1-w-2 answers: reset it instead", alive, StringComparison.Ordinal);

        var output = await CozyFleetCommand.RunAsync(fleet.Directory, "", "node", "release", "c1-w-1");
        Assert.Contains("Succeeded: ", output, StringComparison.Ordinal);
        await fleet.UntilAsync("four members are enough", view => IsWhole(view, 4));
        Assert.DoesNotContain("c1-w-1", (await KubernetesAsync(fleet)).Select(node => node.Name));

        await ApplyClusterAsync(fleet, workers: 2);
        await fleet.UntilAsync("the cluster waits for a machine", _ => Waits(fleet, "1 more accepted machine").UnblockedBy != "");
        rack.PlugOf(rack.Machines[5]).On();
        await fleet.UntilAsync("the spare is a member", view => IsWhole(view, 5));
        Assert.Equal(fleet.Node("c1-w-1").Status.Macs, [rack.Machines[5].Options.Mac.ToString()]);

        var before = rack.History.Count;
        rack.PlugOf(dead.Machine).On();
        await fleet.UntilAsync("the dead machine is held", view => view.Nodes.Any(n => n.Metadata.Name == dead.Node
            && n.Status.BootDecision.StartsWith("hold: released from cluster c1", StringComparison.Ordinal)));
        await EventAsync(fleet, "ReleasedMachineIsBack");
        Assert.Equal(["on"], rack.History.Skip(before).Where(e => e.Machine == dead.Machine.Options.Name).Select(e => e.What));
        Assert.True(IsWhole(fleet.View, 5));
        Assert.Equal(5, (await KubernetesAsync(fleet)).Count(node => node.Ready));

        await CozyFleetCommand.RunAsync(fleet.Directory, "", "node", "wipe", dead.Node);
        await ApplyClusterAsync(fleet, workers: 3);
        await fleet.UntilAsync("the repaired machine is a member again", view => IsWhole(view, 6));
        Assert.Equal(dead.Node, fleet.Node("c1-w-3").Metadata.Name);
    }

    [Fact]
    public async Task Another_machine_takes_the_place_of_a_control_plane_that_died_and_a_rollout_passes_afterwards()
    {
        await using var fleet = await RunningFleet.StartAsync(nodes: 4, talos: "v1.13.8..v1.13.9");
        await using var rack = await ClusterAsync(fleet, machines: 5);
        await DieAsync(fleet, rack, "c1-cp-2");

        var output = await CozyFleetCommand.RunAsync(fleet.Directory, "", "node", "release", "c1-cp-2");
        Assert.Contains("Succeeded: ", output, StringComparison.Ordinal);
        await fleet.UntilAsync("three members are enough", view => IsWhole(view, 3));
        await ApplyClusterAsync(fleet, workers: 1);
        rack.PlugOf(rack.Machines[4]).On();
        await fleet.UntilAsync("the new control plane is a member", view => IsWhole(view, 4));

        Assert.Equal(fleet.Node("c1-cp-2").Status.Macs, [rack.Machines[4].Options.Mac.ToString()]);
        await fleet.UntilAsync("etcd is well on all three", view => view.Nodes.Count(n =>
            n.Status.Conditions.Any(c => c is { Type: "EtcdMemberHealthy", Status: ConditionStatus.True })) == 3);
        var rollout = await fleet.Journey.UpgradeAsync(fleet.Options.To, rack, cancellation);
        Assert.Equal((RolloutState.Done, 4), (rollout.Status.State, rollout.Status.Nodes.Count));
        Assert.All(await KubernetesAsync(fleet), node => Assert.Equal((true, "Talos (v1.13.9)"), (node.Ready, node.OsImage)));
    }

    // The machines that are left over stay off.
    private async Task<SimulatedRack> ClusterAsync(RunningFleet fleet, int machines)
    {
        var rack = fleet.Rack(machines, seed: 6);
        foreach (var machine in rack.Machines.Take(fleet.Options.Nodes))
            rack.PlugOf(machine).On();
        await fleet.Journey.DiscoverAsync(cancellation);
        await fleet.Journey.CreateClusterAsync(cancellation);
        return rack;
    }

    private static async Task<(string Node, SimulatedMachine Machine)> DieAsync(RunningFleet fleet, SimulatedRack rack, string hostname)
    {
        var node = fleet.Node(hostname).Metadata.Name;
        var machine = rack.Machines.Single(m => fleet.Journey.IsMachine(node, m));
        await rack.PlugOf(machine).OffAsync();
        await fleet.UntilAsync("the cluster says that it does not answer", _ =>
            Waits(fleet, $"{hostname} is Running").Observed.Contains("no answer", StringComparison.Ordinal));
        return (node, machine);
    }

    private static Waiting Waits(RunningFleet fleet, string what) =>
        fleet.View.Cluster!.Status.Waiting.FirstOrDefault(w => w.WaitsFor.StartsWith(what, StringComparison.Ordinal)) ?? new();

    private static bool IsWhole(FleetView view, int members) => view.Cluster!.Status is { Phase: ClusterPhase.Running } status
        && status.Members.Count == members && status.Members.All(m => m.Ready);

    private static async Task<string> RefusedAsync(RunningFleet fleet, params string[] arguments)
    {
        var (code, _, errors) = await CozyFleetCommand.TryAsync(fleet.Directory, "", arguments);
        Assert.NotEqual(0, code);
        return Assert.Single(errors.TrimEnd().Split('\n'));
    }

    // What the operator has in a file.
    private static Task<string> ApplyClusterAsync(RunningFleet fleet, int workers) => CozyFleetCommand.RunAsync(fleet.Directory,
        $"""
        apiVersion: cozy.fleet/v1
        kind: Cluster
        metadata:
          name: {Documents.ClusterName}
        spec:
          image: {Documents.ImageName(fleet.Options.From)}
          kubernetesVersion: {fleet.Options.KubernetesVersion}
          controlPlane:
            count: 3
          workers:
            count: {workers}
          install:
            minimumSizeBytes: 10000000000
        """, "apply", "-f", "-");

    private async Task<IReadOnlyList<KubernetesNode>> KubernetesAsync(RunningFleet fleet)
    {
        var answer = await new ClusterService.ClusterServiceClient(fleet.Channel).GetKubeconfigAsync(
            new() { Name = Documents.ClusterName }, cancellationToken: cancellation);
        return await KubernetesCheck.RunAsync(answer.Kubeconfig, cancellation);
    }

    private async Task EventAsync(RunningFleet fleet, string reason)
    {
        using var call = new EventService.EventServiceClient(fleet.Channel).WatchEvents(
            new() { AfterSequence = 1 }, cancellationToken: cancellation);
        do
            Assert.True(await call.ResponseStream.MoveNext(cancellation));
        while (call.ResponseStream.Current.Event.Reason != reason);
    }
}
