using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Domain.Tests.Rollouts;

public sealed class RolloutMachineTests
{
    private const string New = "v1.13.9";

    [Theory]
    [InlineData("v1.13.8")] // Pull, install and reboot are calls of their own.
    [InlineData("v1.12.3")] // One legacy call.
    public void Every_node_gets_the_new_version_once_and_one_after_the_other(string from)
    {
        var model = new RolloutModel(1, 3, 3, from, New);
        model.Start();
        model.Run();

        Assert.Equal(RolloutState.Done, model.Rollout.State);
        Assert.All(model.Nodes, n => Assert.Equal((New, 1, ""), (n.Version, n.Upgrades, n.CordonedBy)));
        var disruptions = model.Rollout.Nodes.OrderBy(n => n.DisruptionStartTime).ToArray();
        Assert.All(disruptions.Zip(disruptions.Skip(1)), p => Assert.True(p.First.DisruptionEndTime <= p.Second.DisruptionStartTime));
    }

    [Fact]
    public void Followers_come_first_then_the_leader_then_workers()
    {
        var model = new RolloutModel(1, 3, 2, "v1.13.8", New);
        Assert.True(model.Start().Accepted(out var plan, out _));
        Assert.Equal(["c1-cp-2", "c1-cp-3", "c1-cp-1", "c1-w-1", "c1-w-2"], plan.Nodes.Select(n => n.Hostname));
    }

    // Many lives of a coordinator that is killed and answers that get lost; a failure prints the seed that replays it.
    [Fact]
    public void Crashes_and_lost_answers_change_nothing_in_the_end()
    {
        for (var seed = 0; seed < 150; seed++)
        {
            var model = new RolloutModel(seed, seed % 2 == 0 ? 3 : 5, seed % 3, seed % 4 == 0 ? "v1.12.3" : "v1.13.8", New) { CrashesPerThousand = 20 + (seed % 200) };
            try
            {
                model.Start();
                model.Run();
                Assert.True(model.Rollout.State == RolloutState.Done, model.Rollout.StopReason);
                Assert.All(model.Nodes, n => Assert.Equal((New, 1), (n.Version, n.Upgrades)));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}", failure);
            }
        }
    }

    [Fact]
    public void A_node_that_boots_its_old_version_stops_the_rollout_and_no_other_node_is_touched()
    {
        var model = Started(ModelFault.BootsOldVersion);
        model.Run();

        Assert.Equal(RolloutState.Stopped, model.Rollout.State);
        Assert.StartsWith("c1-cp-2 came back with v1.13.8, expected v1.13.9", model.Rollout.StopReason, StringComparison.Ordinal);
        Assert.Equal(["c1-cp-2"], model.Nodes.Where(n => n.WasTouched).Select(n => n.Name));
        Assert.Equal(RolloutNodeState.RolledBack, model.Rollout.Nodes[0].State);
        Assert.NotNull(model.Rollout.Nodes[0].DisruptionEndTime);
    }

    [Fact]
    public void After_a_rollback_nothing_is_installed_again_before_a_person_cleared_the_quarantine()
    {
        var model = Started(ModelFault.BootsOldVersion);
        model.Run();
        model.Nodes[1].Fault = ModelFault.None;
        model.Change(RolloutMachine.Resume);
        model.Run();
        Assert.Equal(RolloutState.Stopped, model.Rollout.State);
        Assert.Contains("cozyfleet node clear-quarantine c1-cp-2", model.Rollout.StopReason, StringComparison.Ordinal);

        model.ChangeNode("c1-cp-2", n => n with { QuarantineReason = "" });
        model.Change(RolloutMachine.Resume);
        model.Run();
        Assert.Equal(RolloutState.Done, model.Rollout.State);
        Assert.Equal(2, model.Nodes[1].Upgrades);
    }

    [Fact]
    public void A_node_that_does_not_return_stops_the_rollout_after_its_boot_time()
    {
        var model = Started(ModelFault.NeverReturns);
        model.Run();

        Assert.Equal(RolloutState.Stopped, model.Rollout.State);
        Assert.Matches("^c1-cp-2: waited 12[0-9]{2} s until c1-cp-2 is back with v1.13.9: it does not answer", model.Rollout.StopReason);
        Assert.Single(model.Nodes, n => n.WasTouched);
    }

    [Fact]
    public void An_installer_that_fails_stops_the_rollout_before_anything_is_cordoned()
    {
        var model = Started(ModelFault.InstallFails);
        model.Run();

        Assert.Equal("c1-cp-2: the installer ended with code 7: no space left", model.Rollout.StopReason);
        Assert.DoesNotContain(model.Rollout.Nodes[0].Steps, s => s.Kind >= RolloutStepKind.Cordon);
        Assert.Equal(1, model.Nodes[1].InstallsOnThisBoot);
    }

    [Fact]
    public void A_drain_that_is_blocked_names_the_pod_and_gives_the_node_back()
    {
        var model = Started(ModelFault.DrainBlocked);
        model.Run();

        Assert.Equal("c1-cp-2 cannot be drained: 1 pods are left: default/db-0: its disruption budget is 0", model.Rollout.StopReason);
        Assert.Equal("", model.Nodes[1].CordonedBy);

        model.Nodes[1].Fault = ModelFault.None;
        model.Change(RolloutMachine.Resume);
        model.Run();
        Assert.Equal(RolloutState.Done, model.Rollout.State);
        Assert.Equal(1, model.Nodes[1].Upgrades); // It was installed before; the same boot sees no second installer.
    }

    [Fact]
    public void A_pause_finishes_the_node_in_flight_and_starts_no_other()
    {
        var model = Started(ModelFault.None);
        model.Run(until: m => m.Rollout.Nodes[0].Current?.Kind == RolloutStepKind.Verify);
        model.Change(r => RolloutMachine.Request(r, RolloutMachine.Pause, model.Now));
        model.Run();

        Assert.Equal(RolloutState.Paused, model.Rollout.State);
        Assert.Equal(RolloutNodeState.Done, model.Rollout.Nodes[0].State);
        Assert.Single(model.Nodes, n => n.WasTouched);
        model.Change(RolloutMachine.Resume);
        model.Run();
        Assert.Equal(RolloutState.Done, model.Rollout.State);
    }

    [Fact]
    public void An_abort_finishes_the_node_in_flight_and_cancels_the_others()
    {
        var model = Started(ModelFault.None);
        model.Run(until: m => m.Rollout.Nodes[1].Current?.Kind == RolloutStepKind.Drain);
        model.Change(r => RolloutMachine.Request(r, RolloutMachine.Abort, model.Now));
        model.Run();

        Assert.Equal(RolloutState.Aborted, model.Rollout.State);
        Assert.Equal([RolloutNodeState.Done, RolloutNodeState.Done, RolloutNodeState.Cancelled, RolloutNodeState.Cancelled],
            model.Rollout.Nodes.Select(n => n.State));
        Assert.True(RolloutMachine.Resume(model.Rollout).Refusal is not null);
    }

    [Fact]
    public void A_red_gate_stops_the_rollout_with_the_gate_and_its_value_and_leaves_the_node_alone()
    {
        var model = Started(ModelFault.None);
        model.Nodes[3].Carry(new OrderAction.Reboot(), model.Now, TimeSpan.FromDays(1)); // The worker is down for its own reasons.
        model.Run();

        Assert.Matches("^c1-cp-2: waited 60[0-9] s until gate talos.reachable: c1-w-1: .* \\(Unreachable\\)$", model.Rollout.StopReason);
        Assert.DoesNotContain(model.Nodes, n => n.Upgrades > 0);
        Assert.Equal(RolloutNodeState.Waiting, model.Rollout.Nodes[0].State);
    }

    [Fact]
    public void A_locked_node_is_left_out_and_a_node_that_runs_the_target_is_not_touched()
    {
        var model = Started(ModelFault.None);
        model.ChangeNode("c1-w-1", n => n with { Spec = n.Spec with { Locked = true } });
        model.Run();
        Assert.Equal(RolloutState.Done, model.Rollout.State);
        Assert.Equal(0, model.Nodes[3].Upgrades);

        model.Start();
        model.Run();
        Assert.All(model.Nodes.Take(3), n => Assert.Equal(1, n.Upgrades));
    }

    [Fact]
    public void A_single_control_plane_goes_down_by_consent_only()
    {
        var model = new RolloutModel(1, 1, 1, "v1.13.8", New);
        model.Start();
        model.Run();
        Assert.Contains("gate etcd.quorum", model.Rollout.StopReason, StringComparison.Ordinal);

        model.Start(RolloutStrategy.Default with { AllowControlPlaneDowntime = true });
        model.Run();
        Assert.Equal(RolloutState.Done, model.Rollout.State);
    }

    [Theory]
    [InlineData("v1.10.0", "v1.13.9", "can be installed from v1.11 on")]
    [InlineData("v1.13.9", "v1.13.8", "is older than")]
    public void An_illegal_path_is_refused_when_it_is_planned(string from, string to, string sentence)
    {
        Assert.False(new RolloutModel(1, 3, 0, from, to).Start().Accepted(out _, out var refusal));
        Assert.Contains(sentence, refusal.Message, StringComparison.Ordinal);
    }

    private static RolloutModel Started(ModelFault fault)
    {
        var model = new RolloutModel(7, 3, 1, "v1.13.8", New);
        model.Nodes[1].Fault = fault;
        model.Start();
        return model;
    }
}
