using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Tests.Clusters;

public sealed class ClusterConvergenceTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void A_control_plane_is_chosen_whole_or_not_yet()
    {
        var two = Advance(Cluster(3, 1), Free("a"), Free("b"));
        Assert.Empty(two.Members);
        Assert.Equal(ClusterPhase.Pending, two.Phase);
        Assert.Contains(two.Waiting, w => w.WaitsFor == "3 more accepted machines for control planes" && w.Observed == "2 fit");

        var all = Advance(two, Free("a"), Free("b"), Free("c"), Free("d"));
        Assert.Equal(["c1-cp-1", "c1-cp-2", "c1-cp-3", "c1-w-1"], all.Members.Select(m => m.Hostname));
    }

    [Fact]
    public void A_machine_that_is_not_accepted_is_never_a_member()
    {
        var pending = Free("a") with { Spec = new() };
        Assert.Empty(Advance(Cluster(1, 0), pending).Members);
    }

    [Fact]
    public void A_config_is_ordered_once_for_a_machine_in_maintenance_mode()
    {
        var cluster = Advance(Advance(Cluster(1, 0), Free("a")), Placed("a"));
        var order = Assert.Single(cluster.OpenOrders);
        Assert.IsType<OrderAction.ApplyConfiguration>(order.Action);
        Assert.Equal("https://10.0.0.9:6443", cluster.Endpoint);
        Assert.Equal(cluster, Advance(cluster, Placed("a")));
    }

    [Fact]
    public void An_order_holds_no_machine_config_while_it_is_stored()
    {
        var cluster = Advance(Advance(Cluster(1, 0), Free("a")), Placed("a"));
        Assert.Equal("", Assert.IsType<OrderAction.ApplyConfiguration>(cluster.OpenOrders[0].Action).Config);
    }

    [Fact]
    public void A_config_that_the_node_refuses_is_not_sent_again_before_the_spec_changes()
    {
        var cluster = Advance(Advance(Cluster(1, 0), Free("a")), Placed("a"));
        var refused = ClusterConvergence.Finished(cluster, Result(cluster, OrderOutcome.Failed, FailureClass.Permanent, "InvalidArgument: unknown keys"), Start);
        var later = Advance(refused, Start.AddHours(1), Placed("a"));
        Assert.Empty(later.OpenOrders);
        Assert.Contains(later.Waiting, w => w.Observed == "InvalidArgument: unknown keys");

        var changed = later with { Metadata = later.Metadata with { Generation = 2 } };
        Assert.Single(Advance(changed, Start.AddHours(1), Placed("a")).OpenOrders);
    }

    [Fact]
    public void A_failure_that_may_pass_is_tried_again_by_a_new_order()
    {
        var cluster = Advance(Advance(Cluster(1, 0), Free("a")), Placed("a"));
        var failed = ClusterConvergence.Finished(cluster, Result(cluster, OrderOutcome.Failed, FailureClass.Transient, "Unavailable"), Start);
        Assert.Empty(Advance(failed, Start.AddSeconds(1), Placed("a")).OpenOrders);
        var again = Advance(failed, Start.AddSeconds(6), Placed("a"));
        Assert.NotEqual(cluster.OpenOrders[0].OperationId, Assert.Single(again.OpenOrders).OperationId);
    }

    [Fact]
    public void Etcd_is_bootstrapped_on_one_node_and_that_one_is_never_changed()
    {
        var cluster = Advance(Cluster(3, 0), Free("a"), Free("b"), Free("c"));
        var ordered = Advance(cluster, Installed("a"), Installed("b"), Installed("c"));
        var bootstrap = Assert.Single(ordered.OpenOrders, o => o.Action is OrderAction.Bootstrap);
        Assert.Equal(("a", "a"), (bootstrap.Node, ordered.BootstrapNode));

        // The chosen node is away: nobody else is asked in its place.
        var failed = ClusterConvergence.Finished(ordered, Result(ordered, OrderOutcome.Failed, FailureClass.Transient, "Unavailable"), Start);
        Assert.Empty(Advance(failed, Start.AddHours(1), Installed("b"), Installed("c")).OpenOrders);

        var done = ClusterConvergence.Finished(ordered, Result(ordered, OrderOutcome.Failed, FailureClass.Permanent, "AlreadyExists: etcd data directory is not empty"), Start);
        Assert.NotNull(done.BootstrapTime);
        Assert.Empty(Advance(done, Start.AddHours(1), Installed("a"), Installed("b"), Installed("c")).OpenOrders);
    }

    [Fact]
    public void Two_disks_that_fit_equally_are_a_reason_to_wait_and_not_to_guess()
    {
        var two = Placed("a") with { Facts = Facts(new Disk("/dev/sda", 100, "", "", "", false, false), new Disk("/dev/sdb", 100, "", "", "", false, false)) };
        var cluster = Advance(Advance(Cluster(1, 0), Free("a")), two);
        Assert.Empty(cluster.OpenOrders);
        Assert.Contains(cluster.Waiting, w => w.WaitsFor == "c1-cp-1 has exactly one disk to install on" && w.Observed.Contains("/dev/sdb", StringComparison.Ordinal));
    }

    [Fact]
    public void A_running_cluster_is_degraded_when_a_member_falls_and_not_while_a_rollout_works_on_it()
    {
        var cluster = Advance(Cluster(1, 0), Free("a"));
        var running = Advance(cluster, Running("a"));
        Assert.Equal(ClusterPhase.Running, running.Phase);

        var gone = Running("a") with { Phase = NodePhase.Booting };
        Assert.Equal(ClusterPhase.Degraded, Advance(running, gone).Phase);
        Assert.Equal(ClusterPhase.Running, Advance(running, gone with { Operation = new("upgrade", "rollouts/x", "Verify", Start) }).Phase);
    }

    [Fact]
    public void A_member_that_Talos_calls_ready_waits_for_its_Node_in_Kubernetes_and_says_so()
    {
        var cluster = Advance(Cluster(1, 0), Free("a"));
        var joining = Running("a") with { Phase = NodePhase.Joining };
        var seen = joining.Observed! with { Kubernetes = new(true, "", true, false, false, "", "", "", "") };

        Assert.Equal("Joining, its Node in Kubernetes: not observed", Assert.Single(Advance(cluster, joining).Waiting).Observed);
        Assert.Equal("Joining, its Node in Kubernetes: Ready is not True",
            Assert.Single(Advance(cluster, joining with { Observed = seen }).Waiting).Observed);
    }

    private static ClusterRecord Cluster(int controlPlanes, int workers) => new(new ResourceMetadata("c1", "uid", Start))
    {
        Spec = new() { Image = "i", KubernetesVersion = "v1.36.3", ControlPlane = new([], "", controlPlanes), Workers = new([], "", workers) },
        Image = "i",
    };

    private static ClusterRecord Advance(ClusterRecord cluster, params NodeRecord[] nodes) => Advance(cluster, Start, nodes);

    private static ClusterRecord Advance(ClusterRecord cluster, DateTimeOffset now, params NodeRecord[] nodes) =>
        ClusterConvergence.Advance(cluster, new([.. nodes], now));

    private static OrderResult Result(ClusterRecord cluster, OrderOutcome outcome, FailureClass failure, string message) =>
        new(cluster.OpenOrders[0].OperationId, "clusters/c1", outcome, failure, message, 0, Start);

    private static NodeFacts Facts(params Disk[] disks) => new("", "", "", 4, 8, disks.ToEquatableArray(), []);

    private static NodeRecord Free(string name) => new(new ResourceMetadata(name, name, Start))
    {
        Spec = new() { Acceptance = new(AcceptanceState.Accepted, "ann", Start) },
        Rack = "r1",
        Address = "10.0.0.9",
        Facts = Facts(new Disk("/dev/sda", 100, "", "", "", false, false)),
        Observed = new(Start, "10.0.0.9", ApiMode.Maintenance) { Stage = MachineStage.Maintenance },
    };

    private static NodeRecord Placed(string name) => Free(name) with { Allocation = new("c1", Role.ControlPlane, name, "i") };

    private static NodeRecord Installed(string name) => Placed(name) with
    {
        InstallGeneration = 1,
        ConfirmedInstallGeneration = 1,
        Phase = NodePhase.Booting,
        Observed = new(Start, "10.0.0.9", ApiMode.Secure) { Stage = MachineStage.Booting, Installed = true },
    };

    private static NodeRecord Running(string name) => Installed(name) with
    {
        Phase = NodePhase.Running,
        Observed = new(Start, "10.0.0.9", ApiMode.Secure) { Stage = MachineStage.Running, Ready = true, Installed = true },
    };
}
