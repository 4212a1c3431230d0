using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Scenarios;

/// <summary>Boots that lead nowhere (docs/netboot.md): real packets, and what API and CLI say of them.</summary>
public sealed class BootLoopTests
{
    [Fact]
    public async Task A_machine_that_network_boots_for_ever_is_held_until_a_person_has_looked()
    {
        await using var fleet = await RunningFleet.StartAsync(nodes: 1, nativeAgent: Built.NativeAgent);
        await using var rack = fleet.Rack(machines: 1, seed: 5);
        var plug = rack.PlugOf(rack.Machines[0]);
        for (var boot = 1; boot <= 5; boot++)
            await LosePowerAfterItsKernelAsync(rack, plug);
        await fleet.UntilAsync("quarantined", view => view.Nodes.Any(n => n.Status.QuarantineReason != ""));

        var node = fleet.View.Nodes.Single();
        var condition = node.Status.Conditions.Single(c => c.Type == "BootCompletes");
        Assert.Equal((ConditionStatus.False, "NetbootLoop"), (condition.Status, condition.Reason));
        Assert.StartsWith("network-booted 5 times since ", node.Status.QuarantineReason, StringComparison.Ordinal);
        Assert.Equal($"hold: quarantined: {node.Status.QuarantineReason}", node.Status.BootDecision);
        var described = await CozyFleetCommand.RunAsync(fleet.Directory, "", "describe", "node", node.Metadata.Name);
        Assert.Contains(node.Status.QuarantineReason, described, StringComparison.Ordinal);
        var events = await CozyFleetCommand.RunAsync(fleet.Directory, "", "events");
        Assert.Contains("Quarantined", events, StringComparison.Ordinal);

        plug.On();
        await fleet.UntilAgentSaysAsync("Held quarantined");
        Assert.Equal(5, rack.History.Count(e => e.What == "netboot"));

        await CozyFleetCommand.RunAsync(fleet.Directory, "", "node", "clear-quarantine", node.Metadata.Name);
        await fleet.UntilAsync("in maintenance mode", view => view.Nodes.Single().Status is { Stage: MachineStage.Maintenance } status
            && status.Conditions.Any(c => c is { Type: "BootCompletes", Status: ConditionStatus.True }));
        Assert.Equal(6, rack.History.Count(e => e.What == "netboot"));
    }

    private static async Task LosePowerAfterItsKernelAsync(SimulatedRack rack, PowerPlug plug)
    {
        var off = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rack.Happened += Note;
        plug.On();
        await off.Task.WaitAsync(RunningFleet.Limit, TestContext.Current.CancellationToken);
        rack.Happened -= Note;

        void Note(MachineEvent happened)
        {
            if (happened.What == "netboot")
                _ = plug.OffAsync(); // The machine itself tells this; it cannot wait for its own end.
            if (happened.What == "off")
                off.TrySetResult();
        }
    }
}
