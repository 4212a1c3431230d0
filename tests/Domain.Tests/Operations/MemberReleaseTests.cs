using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Operations;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Tests.Operations;

/// <summary>A member whose machine is dead: when it may be taken out of its cluster, and in which order.</summary>
public sealed class MemberReleaseTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(1);
    private static readonly OrderAction Action = new OrderAction.DeleteNodeObject();

    [Theory]
    [InlineData(ApiMode.Unreachable, false, 0, "")]
    [InlineData(ApiMode.Secure, false, 0, "node w-1 answers: reset it instead, `cozyfleet node reset w-1`; that wipes it")]
    [InlineData(ApiMode.Unreachable, true, 0, "node w-1 does not answer the agent, but Kubernetes says that it is Ready")]
    [InlineData(ApiMode.Unreachable, false, 40, "nobody looked at node w-1 within 35 s")]
    public void Only_what_is_proven_to_be_dead_may_go(ApiMode seen, bool kubeletIsReady, int age, string refusal)
    {
        var dead = Dead("w-1", Role.Worker, seen, Now.AddSeconds(-age), kubeletIsReady);
        var said = OperationRules.Refusal(Operation(dead), Facts(dead))?.Message ?? "";
        Assert.StartsWith(refusal, said, StringComparison.Ordinal);
        Assert.Equal(refusal == "", said == "");
    }

    [Theory]
    [InlineData(2, 3, true)]
    [InlineData(1, 3, false)]
    [InlineData(3, 5, true)]
    [InlineData(2, 5, false)]
    [InlineData(0, 1, false)]
    public void A_control_plane_may_go_when_most_of_the_others_in_etcd_are_well(int well, int members, bool may)
    {
        var dead = Dead("cp-0", Role.ControlPlane, ApiMode.Unreachable, Now);
        NodeRecord[] others = [.. Enumerable.Range(1, members - 1).Select(n => ControlPlane($"cp-{n}", n <= well, members))];
        Assert.Equal(may, OperationRules.Refusal(Operation(dead), Facts([dead, .. others])) is null);
    }

    [Fact]
    public void A_control_plane_leaves_etcd_by_another_one_then_Kubernetes_then_its_cluster()
    {
        var dead = Dead("cp-0", Role.ControlPlane, ApiMode.Unreachable, Now);
        var first = OperationMachine.Advance(Operation(dead), Facts(dead, ControlPlane("cp-1", true, 3), ControlPlane("cp-2", true, 3)));
        var second = OperationMachine.Finished(first, Result(first, OrderOutcome.Succeeded));
        var ended = OperationMachine.Finished(second, Result(second, OrderOutcome.Succeeded));

        Assert.Equal((new OrderAction.RemoveEtcdMember(100), "cp-2", "10.0.0.2"),
            (first.OpenOrder!.Action, first.OpenOrder.Hostname, first.OpenOrder.Address));
        Assert.Equal((Action, "cp-0", dead.Metadata.Name), (second.OpenOrder!.Action, second.OpenOrder.Hostname, second.OpenOrder.Node));
        Assert.NotEqual(first.OpenOrder.OperationId, second.OpenOrder.OperationId);
        Assert.Equal((OperationState.Succeeded, true), (ended.State, ended.ReleasesMember));
    }

    [Theory]
    [InlineData(OrderOutcome.Failed)]
    [InlineData(OrderOutcome.Unknown)]
    public void It_stays_a_member_when_Kubernetes_does_not_let_it_go(OrderOutcome outcome)
    {
        var dead = Dead("w-1", Role.Worker, ApiMode.Unreachable, Now);
        var ordered = OperationMachine.Advance(Operation(dead), Facts(dead));
        Assert.False(OperationMachine.Finished(ordered, Result(ordered, outcome)).ReleasesMember);
    }

    [Fact]
    public void A_quarantine_for_the_step_in_which_it_died_does_not_keep_it()
    {
        var dead = Dead("w-1", Role.Worker, ApiMode.Unreachable, Now) with { QuarantineReason = "it did not come back" };
        Assert.Null(OperationRules.Refusal(Operation(dead), Facts(dead)));
    }

    [Fact]
    public void A_cluster_that_was_never_bootstrapped_has_nothing_that_it_must_be_taken_out_of()
    {
        var dead = Dead("cp-0", Role.ControlPlane, ApiMode.Unreachable, Now);
        var facts = Facts(dead) with { Cluster = Cluster() with { BootstrapTime = null } };
        Assert.True(OperationMachine.Advance(Operation(dead), facts).ReleasesMember);
    }

    private static OperationRecord Operation(NodeRecord node) =>
        new(new ResourceMetadata("o1", "o1", Now), "c1", node.Metadata.Name, Action) { Hostname = node.Allocation!.Hostname };

    private static ClusterRecord Cluster() => new(new ResourceMetadata("c1", "u1", Now))
    {
        Lease = new("operations/o1", "test", 7, Now), BootstrapTime = Now,
    };

    private static OperationFacts Facts(params NodeRecord[] members) => new(Cluster(), [.. members], Now);

    private static OrderResult Result(OperationRecord operation, OrderOutcome outcome) =>
        new(operation.OpenOrder!.OperationId, operation.Holder, outcome, FailureClass.None, "said so", 0, Now);

    private static NodeRecord Dead(string hostname, Role role, ApiMode mode, DateTimeOffset seen, bool kubeletIsReady = false) =>
        Node(hostname, role) with
        {
            Observed = new(seen, "", mode) { Kubernetes = new(true, "", true, kubeletIsReady, false, "", "", "", "") },
        };

    private static NodeRecord ControlPlane(string hostname, bool isWell, int members) => Node(hostname, Role.ControlPlane) with
    {
        Observed = new(Now, "", ApiMode.Secure)
        {
            Etcd = new(isWell, "", (ulong)(100 + hostname[^1] - '0'), 101, 1, 1, 1, false, 1, [],
                [.. Enumerable.Range(0, members).Select(n => new EtcdMember((ulong)(100 + n), $"cp-{n}", false))], []),
        },
    };

    private static NodeRecord Node(string hostname, Role role) => NodeLifecycle.New($"n-{hostname}", "u", Now) with
    {
        Allocation = new("c1", role, hostname, "i"),
        Address = $"10.0.0.{hostname[^1]}",
        Spec = new() { Acceptance = new(AcceptanceState.Accepted, "ann", Now) },
    };
}
