using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class UpgradeTests
{
    private const string Next = "factory.example/metal-installer/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:v1.13.10";
    private const string Later = "factory.example/metal-installer/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:v1.14.0";

    [Fact]
    public async Task The_new_protocol_pulls_installs_beside_the_running_system_and_boots_it()
    {
        await using var rack = await RunningAsync("v1.13.9");
        var (node, lines) = (TestRack.Operate(rack.Secure(0)), new List<string>());

        var pulled = await node.PullAsync(Next, lines.Add);
        Assert.StartsWith("factory.example/metal-installer/", pulled.Message, StringComparison.Ordinal);
        Assert.Contains("@sha256:", pulled.Message, StringComparison.Ordinal);
        Assert.Equal(TalosFailure.None, (await node.InstallUpgradeAsync(Next, lines.Add)).Failure);

        var between = await TestRack.Read(rack.Secure(0)).ViewAsync();
        // It goes on running, and shows the fallback only after the boot (rollouts.md 1.3, 2.4).
        Assert.Equal(("v1.13.9", 4, false), (between.Version, between.Stage, between.FallbackPending));
        await RebootAsync(rack);
        var view = await TestRack.Read(rack.Secure(0)).ViewAsync();
        Assert.Equal(("v1.13.10", true, new string('b', 64), false), (view.Version, view.Ready, view.SchematicId, view.FallbackPending));
        Assert.Equal((1, 0, 1), (rack.Machines[0].Counters.Upgrades, rack.Machines[0].Counters.RunningSlotsDestroyed,
            rack.Machines[0].Counters.MostInstallerRunsInOneBoot));
        Assert.Contains("installation of v1.13.10 complete", lines);
    }

    [Fact]
    public async Task The_name_that_the_pull_ended_with_can_be_installed_too()
    {
        await using var rack = await RunningAsync("v1.13.9");
        var node = TestRack.Operate(rack.Secure(0));

        var pulled = await node.PullAsync(Next, _ => { });

        Assert.Equal(TalosFailure.None, (await node.InstallUpgradeAsync(pulled.Message, _ => { })).Failure);
        Assert.Equal(Next, rack.Machines[0].Disk.Current);
    }

    [Fact]
    public async Task An_image_that_was_not_pulled_is_not_installed()
    {
        await using var rack = await RunningAsync("v1.13.9");

        var result = await TestRack.Operate(rack.Secure(0)).InstallUpgradeAsync(Next, _ => { });

        Assert.Equal($"Internal: image \"{Next}\" is not in the store", result.Message);
        Assert.Equal(0, rack.Count(0, "upgrade"));
    }

    [Fact]
    public async Task Two_installer_runs_without_a_reboot_destroy_the_running_slot_and_the_machine_counts_it()
    {
        await using var rack = await RunningAsync("v1.13.9");
        var node = TestRack.Operate(rack.Secure(0));
        await node.PullAsync(Next, _ => { });
        await node.PullAsync(Later, _ => { });

        await node.InstallUpgradeAsync(Next, _ => { });
        await node.InstallUpgradeAsync(Later, _ => { });

        Assert.Equal((2, 1, 2), (rack.Machines[0].Counters.Upgrades, rack.Machines[0].Counters.RunningSlotsDestroyed,
            rack.Machines[0].Counters.MostInstallerRunsInOneBoot));
        Assert.Equal(1, rack.Count(0, "slotdestroyed"));
        Assert.Equal([Later, Next], rack.Machines[0].Disk.Slots);
    }

    [Fact]
    public async Task The_old_protocol_installs_and_reboots_by_itself()
    {
        await using var rack = await RunningAsync("v1.12.11");

        var result = await TestRack.Operate(rack.Secure(0)).LegacyUpgradeAsync(Next, preserve: true);

        Assert.Equal(TalosResult.Done("Upgrade request received"), result);
        await rack.UntilAsync(0, "ready", 2);
        Assert.Equal("v1.13.10", (await TestRack.Read(rack.Secure(0)).ViewAsync()).Version);
    }

    [Fact]
    public async Task The_new_protocol_is_unknown_to_older_nodes()
    {
        await using var rack = await RunningAsync("v1.12.11");

        var result = await TestRack.Operate(rack.Secure(0)).PullAsync(Next, _ => { });

        Assert.Equal(TalosFailure.Permanent, result.Failure);
        Assert.StartsWith("Unimplemented: ", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_protocol_refuses_two_members_unless_preserve_skips_the_check()
    {
        await using var rack = new TestRack("v1.12.8", 2);
        await rack.BringUpAsync(controlPlanes: 2);

        var result = await TestRack.Operate(rack.Secure(1)).LegacyUpgradeAsync(Next, preserve: true);

        // 1.12.8 is the last one that ignores the flag (talos.md 0, trap 6).
        Assert.Equal("Unknown: error validating etcd for upgrade: etcd member count 2 is not supported", result.Message);
        Assert.Equal(TalosFailure.Environment, result.Failure);
    }

    [Fact]
    public async Task A_target_that_is_too_far_is_refused_before_the_disk_is_touched()
    {
        await using var rack = await RunningAsync("v1.13.9");
        var node = TestRack.Operate(rack.Secure(0));
        const string Far = "factory.example/metal-installer/x:v1.16.0";
        await node.PullAsync(Far, _ => { });

        var result = await node.InstallUpgradeAsync(Far, _ => { });

        Assert.Equal((TalosFailure.Environment, 4), (result.Failure, result.ExitCode));
        Assert.Equal(1, rack.Machines[0].Counters.InstallerRuns);
    }

    [Fact]
    public async Task A_rollback_boots_the_other_slot()
    {
        await using var rack = await RunningAsync("v1.13.9");
        var node = TestRack.Operate(rack.Secure(0));
        Assert.Equal("FailedPrecondition: there is no other boot entry", (await node.RollbackAsync()).Message);
        await node.PullAsync(Next, _ => { });
        await node.InstallUpgradeAsync(Next, _ => { });
        await RebootAsync(rack);

        Assert.Equal(TalosResult.Done(), await TestRack.Operate(rack.Secure(0)).RollbackAsync());
        await rack.UntilAsync(0, "ready", 3);

        Assert.Equal("v1.13.9", (await TestRack.Read(rack.Secure(0)).ViewAsync()).Version);
        Assert.Equal(1, rack.Count(0, "rollback"));
    }

    [Fact]
    public async Task Leadership_moves_away_from_the_leader_and_only_from_it()
    {
        await using var rack = new TestRack("v1.13.9", 3);
        await rack.BringUpAsync(controlPlanes: 3);

        Assert.Equal("", (await TestRack.Operate(rack.Secure(1)).ForfeitLeadershipAsync()).Message);
        var moved = await TestRack.Operate(rack.Secure(0)).ForfeitLeadershipAsync();

        var etcd = await TestRack.Read(rack.Secure(0)).EtcdAsync();
        Assert.Equal(moved.Message, etcd.Members.Single(m => m.Id == etcd.LeaderId).Hostname);
        Assert.NotEqual("node-0", moved.Message);
    }

    internal static async Task<TestRack> RunningAsync(string version, Fault fault = Fault.None)
    {
        var rack = new TestRack(version, 1, fault);
        await rack.BringUpAsync(controlPlanes: 1);
        return rack;
    }

    private static async Task RebootAsync(TestRack rack)
    {
        Assert.Equal(TalosFailure.None, (await TestRack.Operate(rack.Secure(0)).RebootAsync()).Failure);
        await rack.UntilAsync(0, "ready", 2);
    }
}
