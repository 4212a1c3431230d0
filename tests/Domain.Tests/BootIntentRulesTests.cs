using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Tests;

public sealed class BootIntentRulesTests
{
    private static readonly Allocation Place = new("c1", Role.Worker, "c1-worker-1", "talos");

    [Theory]
    // acceptance, allocated, opened, confirmed, quarantined, discovery image → action, image
    [InlineData(AcceptanceState.Pending, false, 0, 0, false, "disc", BootAction.Netboot, "disc")]
    [InlineData(AcceptanceState.Pending, false, 0, 0, false, "", BootAction.Disk, "")]
    [InlineData(AcceptanceState.Rejected, false, 0, 0, false, "disc", BootAction.Disk, "")]
    [InlineData(AcceptanceState.Accepted, false, 0, 0, false, "disc", BootAction.Netboot, "disc")]
    [InlineData(AcceptanceState.Accepted, false, 1, 1, false, "disc", BootAction.Disk, "")]
    [InlineData(AcceptanceState.Accepted, true, 0, 0, false, "disc", BootAction.Netboot, "talos")]
    [InlineData(AcceptanceState.Accepted, true, 1, 0, false, "disc", BootAction.Disk, "")]
    [InlineData(AcceptanceState.Accepted, true, 1, 1, false, "disc", BootAction.Disk, "")]
    [InlineData(AcceptanceState.Accepted, true, 0, 0, true, "disc", BootAction.Hold, "")]
    [InlineData(AcceptanceState.Accepted, true, 1, 1, true, "disc", BootAction.Disk, "")]
    [InlineData(AcceptanceState.Pending, true, 0, 0, false, "disc", BootAction.Hold, "")]
    public void The_intent_follows_from_acceptance_allocation_and_installation(
        AcceptanceState state, bool allocated, int opened, int confirmed, bool quarantined, string discovery,
        BootAction action, string image)
    {
        var node = NodeLifecycle.New("n1", "u1", DateTimeOffset.UnixEpoch) with
        {
            Spec = new() { Acceptance = new(state, "ann", DateTimeOffset.UnixEpoch) },
            Allocation = allocated ? Place : null,
            InstallGeneration = opened,
            ConfirmedInstallGeneration = confirmed,
            QuarantineReason = quarantined ? "broken disk" : "",
        };

        var intent = BootIntentRules.For(node, discovery);

        Assert.Equal((action, image), (intent.Action, intent.Image));
    }
}
