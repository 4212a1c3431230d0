using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Tests;

/// <summary>A machine that was released when it was dead, and the way back into use.</summary>
public sealed class NodeReuseTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(1);
    private static readonly NodeContext Context = new("disc", [], Now);

    [Theory]
    [InlineData(0, 0, BootAction.Netboot)]
    [InlineData(1, 0, BootAction.Hold)]
    [InlineData(1, 1, BootAction.Hold)]
    public void What_may_have_the_clusters_system_is_held_when_it_comes_back_and_that_is_told(int opened, int confirmed, BootAction boot)
    {
        var released = Released(opened, confirmed);
        var back = NodeLifecycle.Boot(released, "r1", Held(Now.AddHours(1)), Context);

        Assert.Equal((boot, NodePhase.Accepted), (released.Boot.Action, released.Phase));
        Assert.Equal(boot == BootAction.Hold, back.Events.Any(e => e.Reason == "ReleasedMachineIsBack"));
        Assert.StartsWith("was released from cluster c1 when it was dead", Placement.Refusal(back.Record), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_that_is_forgotten_leaves_its_machines_their_disks() =>
        Assert.Equal(BootAction.Disk, NodeReuse.Release(Member(1, 1), "c1", Context).Record.Boot.Action);

    [Fact]
    public void A_wipe_happens_at_the_network_boot_and_ends_by_the_machines_own_word()
    {
        var asked = NodeReuse.AskWipe(Released(1, 1), "ann", Context).Record;
        var silent = NodeLifecycle.Observe(asked, "r1", new(Now.AddMinutes(1), "", ApiMode.Unreachable), Context).Record;
        var installed = NodeLifecycle.Observe(asked, "r1", Maintenance(installed: true), Context).Record;
        var blank = NodeLifecycle.Observe(asked, "r1", Maintenance(installed: false), Context);

        Assert.All([asked, silent, installed], node =>
            Assert.Equal((BootAction.Netboot, "disc", true), (node.Boot.Action, node.Boot.Image, node.Boot.Wipe)));
        Assert.Equal((BootAction.Netboot, false), (blank.Record.Boot.Action, blank.Record.Boot.Wipe));
        Assert.Contains(blank.Events, e => e.Reason == "WipeConfirmed");
        Assert.Null(Placement.Refusal(blank.Record));
    }

    [Fact]
    public void A_wipe_that_was_asked_for_twice_happens_once()
    {
        var asked = NodeReuse.AskWipe(NodeReuse.AskWipe(Released(1, 1), "ann", Context).Record, "ann", Context).Record;
        Assert.False(NodeLifecycle.Observe(asked, "r1", Maintenance(installed: false), Context).Record.Boot.Wipe);
    }

    [Fact]
    public void A_wipe_waits_for_an_image_and_is_withdrawn_by_a_rejection()
    {
        var asked = NodeReuse.AskWipe(Released(1, 1), "ann", Context with { DiscoveryImage = "" }).Record;
        Assert.True(NodeLifecycle.Decide(asked, AcceptanceState.Rejected, "ann", Context).Accepted(out var rejected, out _));
        Assert.True(NodeLifecycle.Decide(rejected, AcceptanceState.Accepted, "ann", Context).Accepted(out var again, out _));

        Assert.Equal((BootAction.Hold, BootAction.Disk, BootAction.Hold), (asked.Boot.Action, rejected.Boot.Action, again.Boot.Action));
        Assert.False(again.Boot.Wipe);
    }

    [Fact]
    public void A_wipe_that_was_asked_for_before_it_was_imported_is_forgotten_when_it_leaves()
    {
        var asked = NodeReuse.AskWipe(Released(1, 1), "ann", Context).Record;
        var member = asked with { Allocation = new("c2", Role.Worker, "w-1", "i") };
        Assert.False(NodeReuse.Release(member, "c2", Context).Record.Boot.Wipe);
    }

    [Theory]
    [InlineData(AcceptanceState.Pending, false, "is not accepted, and nothing is written to it before that")]
    [InlineData(AcceptanceState.Accepted, true, "is a member of cluster c1: `cozyfleet node reset` wipes a member")]
    [InlineData(AcceptanceState.Accepted, false, null)]
    public void Only_an_accepted_machine_without_a_cluster_is_wiped(AcceptanceState state, bool isMember, string? why)
    {
        var node = isMember ? Member(1, 1) : Released(1, 1);
        var refusal = NodeReuse.WipeRefusal(node with { Spec = node.Spec with { Acceptance = new(state, "ann", Now) } });
        Assert.Equal(why is null ? null : $"node n1 {why}.", refusal?.Message);
    }

    private static BootReport Held(DateTimeOffset time) =>
        new(time, "", "s", BootStage.Held, "", "", "", "", Firmware.Bios, Architecture.Amd64, "", "");

    private static NodeObservation Maintenance(bool installed) => new(Now.AddMinutes(2), "10.0.0.9", ApiMode.Maintenance)
    {
        Stage = MachineStage.Maintenance, Installed = installed,
    };

    private static NodeRecord Released(int opened, int confirmed) => NodeReuse.ReleaseDead(Member(opened, confirmed), "c1", Context).Record;

    private static NodeRecord Member(int opened, int confirmed) => NodeLifecycle.New("n1", "u", Now) with
    {
        Allocation = new("c1", Role.Worker, "w-1", "i"),
        InstallGeneration = opened,
        ConfirmedInstallGeneration = confirmed,
        Spec = new() { Acceptance = new(AcceptanceState.Accepted, "ann", Now) },
        Observed = new(Now, "", ApiMode.Unreachable),
    };
}
