using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Tests;

public sealed class NodeLifecycleTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void An_installation_is_confirmed_by_the_secure_api_on_another_boot_only()
    {
        var node = Configured();
        Assert.Equal(1, node.InstallGeneration);

        var same = Observe(node, 20, Secure(20, "boot-1", MachineStage.Running));
        var other = Observe(node, 20, Secure(20, "boot-2", MachineStage.Booting));

        Assert.False(same.InstallConfirmed);
        Assert.True(other.InstallConfirmed);
        Assert.Equal(NodePhase.Booting, other.Phase);
    }

    [Fact]
    public void A_config_that_is_applied_twice_opens_one_generation()
    {
        var node = Configured();
        Assert.Equal(node, NodeLifecycle.Configured(node, "c1", At(30)).Record);
    }

    [Fact]
    public void A_wiped_member_is_reported_and_still_boots_its_disk()
    {
        var installed = Observe(Configured(), 20, Secure(20, "boot-2", MachineStage.Running));
        var change = NodeLifecycle.Observe(installed, "r1", Maintenance(30, "boot-3"), At(30));

        Assert.Contains(change.Events, e => e.Reason == "Wiped");
        Assert.Equal(BootAction.Disk, change.Record.Boot.Action);
    }

    [Fact]
    public void An_older_observation_changes_nothing()
    {
        var node = Observe(Configured(), 20, Secure(20, "boot-2", MachineStage.Running));
        Assert.Equal(node, Observe(node, 25, Maintenance(15, "boot-1")));
    }

    [Fact]
    public void Two_netboots_of_an_installed_machine_within_fifteen_minutes_raise_one_alarm()
    {
        var node = Observe(Configured(), 20, Secure(20, "boot-2", MachineStage.Booting));
        var first = NodeLifecycle.Boot(node, "r1", Fetched(60), At(60));
        var second = NodeLifecycle.Boot(first.Record, "r1", Fetched(120), At(120));

        Assert.Empty(first.Events);
        Assert.Equal("NetbootLoop", Assert.Single(second.Events).Reason);
        Assert.Equal(BootAction.Disk, second.Record.Boot.Action);
    }

    [Fact]
    public void A_board_that_shows_this_nodes_uuid_but_is_none_of_its_links_does_not_become_part_of_it()
    {
        var facts = new NodeFacts("", "", "", 1, 1, [], [new("eth0", "02:00:00:00:00:01", true, 1000, []), new("eth1", "02:00:00:00:00:02", true, 1000, [])]);
        var node = Observe(NodeLifecycle.New("n1", "u1", Start), 1, Maintenance(1, "boot-1") with { Facts = facts, Mac = "02:00:00:00:00:01" });

        var secondLink = NodeLifecycle.Boot(node, "r1", Held(20, "02:00:00:00:00:02"), At(20));
        var otherBoard = NodeLifecycle.Boot(node, "r2", Held(20, "02:00:00:00:00:09"), At(20));

        Assert.Contains("02:00:00:00:00:02", secondLink.Record.Macs);
        Assert.Equal(node, otherBoard.Record);
        Assert.Equal("UuidOfTwoMachines", Assert.Single(otherBoard.Events).Reason);
        Assert.Equal(node, Observe(node, 20, Maintenance(20, "boot-9") with { Mac = "02:00:00:00:00:09" }));
    }

    [Fact]
    public void The_system_disk_is_part_of_every_look_and_the_rest_of_the_facts_stays()
    {
        var facts = new NodeFacts("Dell Inc.", "", "", 1, 1, [], []);
        var node = Observe(Configured(), 15, Maintenance(15, "boot-1") with { Facts = facts });

        var running = Observe(node, 20, Secure(20, "boot-2", MachineStage.Running) with { SystemDisk = "/dev/sda" });
        var lost = Observe(running, 30, new(Start.AddSeconds(30), "", ApiMode.Unreachable));

        Assert.Equal(facts with { SystemDisk = "/dev/sda" }, running.Facts);
        Assert.Equal(running.Facts, lost.Facts);
    }

    private static NodeRecord Configured()
    {
        var node = Observe(NodeLifecycle.New("n1", "u1", Start), 1, Maintenance(1, "boot-1"));
        node = NodeLifecycle.Decide(node, AcceptanceState.Accepted, "ann", At(2)).Value!;
        node = NodeLifecycle.Allocate(node, new("c1", Role.Worker, "c1-worker-1", "talos"), At(3)).Value!;
        return NodeLifecycle.Configured(node, "c1", At(10)).Record;
    }

    private static NodeRecord Observe(NodeRecord node, int second, NodeObservation seen) =>
        NodeLifecycle.Observe(node, "r1", seen, At(second)).Record;

    private static NodeContext At(int second) => new("disc", [], Start.AddSeconds(second));

    private static NodeObservation Maintenance(int second, string boot) =>
        new(Start.AddSeconds(second), "127.0.0.9", ApiMode.Maintenance) { BootId = boot, Stage = MachineStage.Maintenance };

    private static NodeObservation Secure(int second, string boot, MachineStage stage) =>
        new(Start.AddSeconds(second), "127.0.0.9", ApiMode.Secure) { BootId = boot, Stage = stage, Installed = true };

    private static BootReport Held(int second, string mac) => Fetched(second) with { Stage = BootStage.Held, Mac = mac };

    private static BootReport Fetched(int second) => new(Start.AddSeconds(second), "", "s", BootStage.InitramfsFetched,
        "02:00:00:00:00:01", "", "", "127.0.0.9", Firmware.Bios, Architecture.Amd64, "talos", "");
}
