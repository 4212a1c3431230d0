using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Operations;

namespace Cozy.Fleet.Domain.Tests.Operations;

/// <summary>Machines that are switched by their BMCs: members of a cluster, and others.</summary>
public sealed class PowerOperationTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    public static TheoryData<PowerAction, string, string> Words => new()
    {
        { PowerAction.On, "c1", "power-on: no lease" },
        { PowerAction.Off, "c1", "power-off: lease, gates" },
        { PowerAction.Cycle, "c1", "power-cycle: lease, gates, looked for" },
        { PowerAction.On, "", "power-on: no lease" },
        { PowerAction.Off, "", "power-off: no lease" },
        { PowerAction.Cycle, "", "power-cycle: no lease" },
    };

    [Theory, MemberData(nameof(Words))]
    public void Only_what_takes_a_member_down_needs_the_lease_and_the_gates(PowerAction action, string cluster, string words)
    {
        var operation = Operation(action, cluster);
        var takes = OperationRules.TakesLease(operation);
        Assert.Equal(words, OperationRules.Word(operation.Action) + ": " + (takes ? "lease" : "no lease")
            + (takes && OperationRules.AsksGates(operation.Action) ? ", gates" : "") + (OperationRules.Settles(operation)
                ? ", looked for" : ""));
    }

    [Fact]
    public void A_member_goes_down_under_the_lease_and_its_number_and_comes_on_without()
    {
        var waits = OperationMachine.Advance(Operation(PowerAction.Off, "c1", overrides: true), Facts("c1", lease: null));
        var off = OperationMachine.Advance(Operation(PowerAction.Off, "c1", overrides: true), Facts("c1", "operations/o1"));
        var on = OperationMachine.Advance(Operation(PowerAction.On, "c1"), Facts("c1", "rollouts/r"));

        Assert.Equal(OperationState.Starting, waits.State);
        Assert.Equal((OperationState.Ordered, 7UL), (off.State, off.OpenOrder?.FencingNumber));
        Assert.Equal((OperationState.Ordered, 0UL), (on.State, on.OpenOrder?.FencingNumber));
    }

    [Fact]
    public void A_red_gate_keeps_a_member_on()
    {
        var refusal = OperationRules.Refusal(Operation(PowerAction.Cycle, "c1"), Facts("c1", lease: null));
        Assert.Contains("gates do not pass", refusal?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_without_a_cluster_is_switched_until_a_cluster_takes_it()
    {
        var free = OperationMachine.Advance(Operation(PowerAction.Off, ""), Facts("", lease: null));
        var taken = Facts("", lease: null) with { Members = [Node("c1")] };

        Assert.Equal((OperationState.Ordered, "", 0UL), (free.State, free.OpenOrder?.Cluster, free.OpenOrder?.FencingNumber));
        Assert.Equal("node n1 was taken into a cluster meanwhile; ask again.",
            OperationRules.Refusal(Operation(PowerAction.Off, ""), taken)?.Message);
    }

    [Theory]
    [InlineData(false, false, "node n1 is paused; unpause it first.")]
    [InlineData(true, true, "nobody told where the BMC of node n1 is; `cozyfleet node bmc set` does.")]
    [InlineData(true, false, null)]
    public void It_needs_a_bmc_and_a_node_that_is_not_paused_but_may_be_quarantined(bool quarantined, bool bmcless, string? refusal)
    {
        var node = Node("") with { QuarantineReason = quarantined ? "it did not come back" : "" };
        node = node with { Spec = node.Spec with { Paused = !quarantined, Bmc = bmcless ? null : node.Spec.Bmc } };
        Assert.Equal(refusal, OperationRules.Refusal(Operation(PowerAction.On, ""), new(null, [node], Start))?.Message);
    }

    [Theory]
    [InlineData(PowerAction.Off, "c1", OrderOutcome.Succeeded, OperationState.Succeeded)]
    [InlineData(PowerAction.Off, "c1", OrderOutcome.Unknown, OperationState.OutcomeUnknown)]
    [InlineData(PowerAction.Cycle, "c1", OrderOutcome.Succeeded, OperationState.Settling)]
    [InlineData(PowerAction.Cycle, "c1", OrderOutcome.Unknown, OperationState.Settling)]
    [InlineData(PowerAction.Cycle, "", OrderOutcome.Succeeded, OperationState.Succeeded)]
    [InlineData(PowerAction.On, "", OrderOutcome.Failed, OperationState.Failed)]
    public void The_bmc_says_whether_it_is_off_and_a_member_whether_it_is_back(
        PowerAction action, string cluster, OrderOutcome outcome, OperationState state)
    {
        var ordered = OperationMachine.Advance(Operation(action, cluster, overrides: true), Facts(cluster, cluster == ""
            ? null : "operations/o1"));
        Assert.Equal(state, OperationMachine.Finished(ordered, new("o1", "operations/o1", outcome, FailureClass.None,
            "said so", 0, Start)).State);
    }

    [Theory]
    [InlineData(NodePhase.Running, OperationState.Settling)]
    [InlineData(NodePhase.Joining, OperationState.Succeeded)]
    [InlineData(NodePhase.Maintenance, OperationState.Succeeded)]
    public void A_member_that_was_not_Running_is_cycled_when_its_bmc_says_so_and_keeps_nobody_waiting(NodePhase phase, OperationState state)
    {
        var facts = Facts("c1", "operations/o1") with { Members = [Node("c1") with { Phase = phase }] };
        var ordered = OperationMachine.Advance(Operation(PowerAction.Cycle, "c1", overrides: true), facts);
        Assert.Equal(state, OperationMachine.Finished(ordered, new("o1", "operations/o1", OrderOutcome.Succeeded, FailureClass.None,
            "said so", 0, Start)).State);
    }

    private static OperationRecord Operation(PowerAction action, string cluster, bool overrides = false) =>
        new(new ResourceMetadata("o1", "o1", Start), cluster, "n1", new OrderAction.SwitchPower(action, NextBoot.Unspecified, true, false))
        {
            Hostname = "n1", OverrideReason = overrides ? "a test" : "",
        };

    private static NodeRecord Node(string cluster) => new(new ResourceMetadata("n1", "n1", Start))
    {
        Allocation = cluster == "" ? null : new(cluster, Role.Worker, "n1", "i"),
        Spec = new() { Bmc = new(BmcKind.Ipmi, "10.0.9.1", "ops") },
        Phase = NodePhase.Running,
    };

    private static OperationFacts Facts(string cluster, string? lease) => new(
        cluster == "" ? null : new(new ResourceMetadata(cluster, "u1", Start))
        {
            Lease = lease is null ? null
            : new(lease, "test", 7, Start)
        },
        [Node(cluster)], Start);
}
