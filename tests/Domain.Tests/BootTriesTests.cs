using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Tests;

/// <summary>Boots that lead nowhere (rollouts.md 1.5).</summary>
public sealed class BootTriesTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void An_installation_that_does_not_come_up_brings_the_machine_back_to_maintenance_and_opens_no_second_one()
    {
        var node = Boots(Configured(), BootStage.Disk, 20, 25);
        Assert.Equal(BootAction.Disk, node.Boot.Action);

        var change = NodeLifecycle.Boot(node, "r1", Report(30, BootStage.Disk), At(30));

        Assert.Equal((BootAction.Netboot, "talos"), (change.Record.Boot.Action, change.Record.Boot.Image));
        Assert.Equal("InstallationFailed", Assert.Single(change.Events).Reason);
        var condition = NodeConditions.Find(change.Record.Conditions, NodeConditions.BootCompletes);
        Assert.Equal((false, "InstallationFailed"), (condition!.Status, condition.Reason));

        var back = Observe(change.Record, 40, ApiMode.Maintenance, "boot-3");
        var again = NodeLifecycle.Configured(back, "c1", At(41)).Record;
        Assert.Equal((1, 0), (again.InstallGeneration, again.ConfirmedInstallGeneration));
        Assert.Equal(BootAction.Netboot, again.Boot.Action);
        Assert.False(NodeConditions.Find(back.Conditions, NodeConditions.BootCompletes)!.Status);
    }

    [Fact]
    public void Out_of_the_cluster_and_in_again_it_is_installed_once_more()
    {
        var failed = Boots(Configured(), BootStage.Disk, 20, 25, 30);
        Assert.True(failed.InstallFailed);

        var released = NodeReuse.Release(failed, "c1", At(50)).Record;
        var allocated = NodeLifecycle.Allocate(released, new("c1", Role.Worker, "c1-worker-1", "talos"), At(51)).Value!;
        var configured = NodeLifecycle.Configured(allocated, "c1", At(52)).Record;

        Assert.Equal((2, BootAction.Disk), (configured.InstallGeneration, configured.Boot.Action));
    }

    [Fact]
    public void A_system_that_answers_ends_the_tries()
    {
        var node = Boots(Configured(), BootStage.Disk, 20, 25);
        node = Observe(node, 27, ApiMode.Secure, "boot-2");
        node = Boots(node, BootStage.Disk, 30, 35);

        Assert.True(node.InstallConfirmed);
        Assert.Null(NodeConditions.Find(node.Conditions, NodeConditions.BootCompletes));
    }

    [Fact]
    public void Each_boot_entry_of_one_power_on_is_no_try_of_its_own() =>
        Assert.False(Boots(Configured(), BootStage.Disk, 20, 21, 22, 23).InstallFailed);

    [Fact]
    public void Tries_of_another_hour_do_not_count() =>
        Assert.False(Boots(Configured(), BootStage.Disk, 20, 50, 81).InstallFailed);

    [Fact]
    public void An_installed_machine_whose_disk_does_not_boot_keeps_its_disk_and_is_told_of_once()
    {
        var node = Observe(Configured(), 12, ApiMode.Secure, "boot-2");
        node = Boots(node, BootStage.Disk, 20, 25);

        var third = NodeLifecycle.Boot(node, "r1", Report(30, BootStage.Disk), At(30));
        var fourth = NodeLifecycle.Boot(third.Record, "r1", Report(35, BootStage.Disk), At(35));

        Assert.Equal("DiskDoesNotBoot", Assert.Single(third.Events).Reason);
        Assert.Empty(fourth.Events);
        Assert.Equal(BootAction.Disk, fourth.Record.Boot.Action);
        var up = Observe(fourth.Record, 40, ApiMode.Secure, "boot-9");
        Assert.True(NodeConditions.Find(up.Conditions, NodeConditions.BootCompletes)!.Status);
    }

    [Fact]
    public void A_machine_that_network_boots_for_ever_is_held_until_a_person_looked()
    {
        var node = Boots(NodeLifecycle.New("n1", "u1", Start), BootStage.InitramfsFetched, 1, 2, 3, 4);
        Assert.Equal(BootAction.Netboot, node.Boot.Action);

        var held = NodeLifecycle.Boot(node, "r1", Report(5, BootStage.InitramfsFetched), At(5));
        Assert.Equal("Quarantined", Assert.Single(held.Events).Reason);
        Assert.Equal(BootAction.Hold, held.Record.Boot.Action);
        Assert.StartsWith("network-booted 5 times since 2030-01-01 00:01 UTC", held.Record.QuarantineReason, StringComparison.Ordinal);

        var cleared = NodeLifecycle.Quarantine(held.Record, "", At(6)).Record;
        Assert.Equal(BootAction.Netboot, cleared.Boot.Action);
        Assert.Equal("", Boots(cleared, BootStage.InitramfsFetched, 7).QuarantineReason);
    }

    [Fact]
    public void A_machine_whose_api_answers_in_between_may_network_boot_as_often_as_it_likes()
    {
        var node = NodeLifecycle.New("n1", "u1", Start);
        for (var minute = 1; minute < 30; minute += 2)
            node = Observe(Boots(node, BootStage.InitramfsFetched, minute), minute + 1, ApiMode.Maintenance, $"boot-{minute}");

        Assert.Equal("", node.QuarantineReason);
    }

    [Fact]
    public void A_loader_that_is_loaded_for_ever_and_asks_for_nothing_is_told_of_once()
    {
        var node = Boots(NodeLifecycle.New("n1", "u1", Start), BootStage.LoaderFetched, 1, 2, 3, 4);

        var fifth = NodeLifecycle.Boot(node, "r1", Report(5, BootStage.LoaderFetched), At(5));
        var sixth = NodeLifecycle.Boot(fifth.Record, "r1", Report(6, BootStage.LoaderFetched), At(6));

        Assert.Equal("LoaderLoop", Assert.Single(fifth.Events).Reason);
        Assert.Empty(sixth.Events);
        Assert.Equal("LoaderLoop", NodeConditions.Find(sixth.Record.Conditions, NodeConditions.BootCompletes)!.Reason);
    }

    [Theory]
    [InlineData(BootStage.ScriptServed)]
    [InlineData(BootStage.Held)]
    [InlineData(BootStage.Disk)]
    public void A_loader_that_asks_is_no_loop(BootStage stage)
    {
        var node = Boots(NodeLifecycle.New("n1", "u1", Start), BootStage.LoaderFetched, 1, 2, 3, 4);
        node = Boots(Boots(node, stage, 5), BootStage.LoaderFetched, 6, 7);

        Assert.Null(NodeConditions.Find(node.Conditions, NodeConditions.BootCompletes));
    }

    private static NodeRecord Configured()
    {
        var node = Observe(NodeLifecycle.New("n1", "u1", Start), 1, ApiMode.Maintenance, "boot-1");
        node = NodeLifecycle.Decide(node, AcceptanceState.Accepted, "ann", At(2)).Value!;
        node = NodeLifecycle.Allocate(node, new("c1", Role.Worker, "c1-worker-1", "talos"), At(3)).Value!;
        return NodeLifecycle.Configured(node, "c1", At(10)).Record;
    }

    private static NodeRecord Boots(NodeRecord node, BootStage stage, params int[] minutes) =>
        minutes.Aggregate(node, (at, minute) => NodeLifecycle.Boot(at, "r1", Report(minute, stage), At(minute)).Record);

    private static NodeRecord Observe(NodeRecord node, int minute, ApiMode mode, string boot)
    {
        var seen = new NodeObservation(Start.AddMinutes(minute), "127.0.0.9", mode)
        {
            BootId = boot,
            Stage = mode == ApiMode.Secure ? MachineStage.Running : MachineStage.Maintenance,
            Installed = mode == ApiMode.Secure,
        };
        return NodeLifecycle.Observe(node, "r1", seen, At(minute)).Record;
    }

    private static NodeContext At(int minute) => new("disc", [], Start.AddMinutes(minute));

    private static BootReport Report(int minute, BootStage stage) => new(Start.AddMinutes(minute), "", $"s{minute}", stage,
        "02:00:00:00:00:01", "", "", "127.0.0.9", Firmware.Bios, Architecture.Amd64, "talos", "");
}
