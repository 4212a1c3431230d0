using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Operations;

namespace Cozy.Fleet.Domain.Tests.Operations;

public sealed class OperationMachineTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;
    private static readonly OrderAction Wipe = new OrderAction.Reset(true, true, WipeMode.Unspecified, [], []);

    [Fact]
    public void Nothing_is_ordered_before_the_lease_is_held_and_its_number_goes_with_the_order()
    {
        var operation = Operation(new OrderAction.RestartService("kubelet"));
        Assert.Equal(operation, OperationMachine.Advance(operation, Facts(Start, ApiMode.Secure) with { Cluster = Cluster(null) }));

        var ordered = OperationMachine.Advance(operation, Facts(Start, ApiMode.Secure));
        Assert.Equal((OperationState.Ordered, 7UL), (ordered.State, ordered.OpenOrder?.FencingNumber));
    }

    [Theory]
    [InlineData(OrderOutcome.Succeeded, ApiMode.Unreachable, OperationState.Succeeded)]
    [InlineData(OrderOutcome.Unknown, ApiMode.Unreachable, OperationState.Settling)]
    [InlineData(OrderOutcome.Unknown, ApiMode.Maintenance, OperationState.Succeeded)]
    [InlineData(OrderOutcome.Succeeded, ApiMode.Secure, OperationState.Settling)]
    [InlineData(OrderOutcome.Refused, ApiMode.Secure, OperationState.Failed)]
    public void Silence_proves_a_reset_that_the_node_said_it_carries_out_and_no_other(OrderOutcome outcome, ApiMode seen,
        OperationState expected)
    {
        var settling = OperationMachine.Finished(Ordered(Wipe), Result(outcome));
        var looked = OperationMachine.Advance(settling, Facts(Start.AddSeconds(20), seen));
        Assert.Equal((expected, expected == OperationState.Succeeded), (looked.State, looked.ReleasesMember));
    }

    [Fact]
    public void What_was_seen_before_the_order_ended_proves_nothing_and_the_wait_has_an_end()
    {
        var settling = OperationMachine.Finished(Ordered(Wipe), Result(OrderOutcome.Succeeded));
        var waits = OperationMachine.Advance(settling, Facts(Start, ApiMode.Unreachable));
        Assert.Equal((OperationState.Settling, "nothing was seen since"), (waits.State, waits.Waiting?.Observed));

        var late = Facts(Start, ApiMode.Unreachable) with { Now = Start + OperationMachine.DownLimit + TimeSpan.FromMinutes(1) };
        Assert.Equal((OperationState.OutcomeUnknown, false), (OperationMachine.Advance(settling, late).State,
            OperationMachine.Advance(settling, late).ReleasesMember));
    }

    [Fact]
    public void A_result_that_comes_twice_or_late_changes_nothing()
    {
        var ended = OperationMachine.Finished(Ordered(new OrderAction.DefragmentEtcd()), Result(OrderOutcome.Succeeded));
        Assert.Equal(OperationState.Succeeded, ended.State);
        Assert.Equal(ended, OperationMachine.Finished(ended, Result(OrderOutcome.Failed)));
    }

    [Fact]
    public void A_wipe_that_leaves_the_config_leaves_the_member()
    {
        var partial = new OrderAction.Reset(true, true, WipeMode.Unspecified, ["EPHEMERAL"], []);
        Assert.False((Operation(partial) with { State = OperationState.Succeeded }).ReleasesMember);
        Assert.True(OperationRules.ComesBack(partial));
    }

    [Fact]
    public void A_wiped_member_leaves_the_spec_by_name_or_by_count()
    {
        var cluster = Cluster(null) with
        {
            Members = [new("a", "r1", "w-1", Role.Worker), new("b", "r1", "w-2", Role.Worker)],
            Spec = new() { Workers = new(["a", "b"], "", 2) },
        };
        var next = MemberChoice.Without(cluster, "a");
        Assert.Equal(new MemberSet(["b"], "", 1), next.Spec.Workers);
        Assert.Equal("b", Assert.Single(next.Members).Node);
        Assert.Equal(0, MemberChoice.Missing(next, Role.Worker));
    }

    private static OperationRecord Operation(OrderAction action) =>
        new(new ResourceMetadata("o1", "o1", Start), "c1", "n1", action) { Hostname = "w-1", OverrideReason = "a test" };

    private static OperationRecord Ordered(OrderAction action) => Operation(action) with
    {
        State = OperationState.Ordered,
        BootIdBefore = "b1",
        OpenOrder = new("o1", "operations/o1", "c1", 7, Start + OperationMachine.OrderLimit, "", "n1", "10.0.0.9", "w-1", action),
    };

    private static OrderResult Result(OrderOutcome outcome) =>
        new("o1", "operations/o1", outcome, FailureClass.None, "said so", 0, Start.AddSeconds(10));

    private static ClusterRecord Cluster(ExclusionLease? lease) => new(new ResourceMetadata("c1", "u1", Start)) { Lease = lease };

    private static OperationFacts Facts(DateTimeOffset now, ApiMode seen) => new(Cluster(new("operations/o1", "test", 7, Start)),
    [
        new NodeRecord(new ResourceMetadata("n1", "n1", Start))
        {
            Allocation = new("c1", Role.Worker, "w-1", "i"), Address = "10.0.0.9",
            Observed = new(now, "10.0.0.9", seen) { BootId = "b1" },
        },
    ], now);
}
