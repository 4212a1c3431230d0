namespace Cozy.Fleet.Domain.Nodes;

/// <summary>What a machine is told when it network-boots (design 3.12): unknown or undecided never means install.</summary>
public static class BootIntentRules
{
    public static BootIntent For(NodeRecord node, string discoveryImage)
    {
        ArgumentNullException.ThrowIfNull(node);
        var intent = Decide(node, discoveryImage);
        return intent with { Traceparent = node.Boot.Traceparent };
    }

    private static BootIntent Decide(NodeRecord node, string discoveryImage)
    {
        if (node.Spec.Acceptance.State == AcceptanceState.Rejected)
            return Disk("rejected");
        if (node.Allocation is null && node.WipeRequests > node.ConfirmedWipes && node.Spec.Acceptance.State == AcceptanceState.Accepted)
            return Wiping(discoveryImage);
        if (IsHeldAfterRelease(node))
            return Released(node);
        if (node.InstallConfirmed)
            return Disk("installed");
        if (node.QuarantineReason != "")
            return new(BootAction.Hold, "", $"quarantined: {node.QuarantineReason}");
        if (node.Allocation is null)
            return Discovery(node, discoveryImage);
        if (node.Spec.Acceptance.State != AcceptanceState.Accepted)
            return new(BootAction.Hold, "", "has a place in a cluster but is not accepted");
        // Its kernel takes no config from us there, and the cluster applies none: that installation is spent (I9).
        if (node.InstallFailed)
            return new(BootAction.Netboot, node.Allocation.Image, "its installation did not come up from the disk; to maintenance mode");
        return node.InstallOpened
            ? Disk("config applied, the installation is not confirmed yet")
            : new(BootAction.Netboot, node.Allocation.Image, $"to be installed for cluster {node.Allocation.Cluster}");
    }

    private static BootIntent Released(NodeRecord node) => new(BootAction.Hold, "",
        $"released from cluster {node.ReleasedFrom}, whose system and secrets its disk may hold; `cozyfleet node wipe` takes them away");

    private static BootIntent Wiping(string image) => image == ""
        ? new(BootAction.Hold, "", "to be wiped, but the rack has no discovery image to do it with")
        : new(BootAction.Netboot, image, "to be wiped, as a person asked for") { Wipe = true };

    /// <summary>
    /// Its disk would join the cluster again, under a name that another machine may have by now. What never got a config has nothing on it.
    /// </summary>
    internal static bool IsHeldAfterRelease(NodeRecord node) =>
        node is { Allocation: null, ReleasedFrom: not "" } && node.InstallGeneration > node.WipedGeneration;

    // A network-booted kernel would take the config from the disk and undo upgrades, so a machine that was installed
    // once keeps its disk, also without a cluster (talos.md 3.1), until it was wiped on our order.
    private static BootIntent Discovery(NodeRecord node, string image) =>
        node.ConfirmedInstallGeneration > node.WipedGeneration ? Disk("was installed before; wipe it to use it again")
        : image == "" ? Disk("no cluster, and the rack has no discovery image")
        : new(BootAction.Netboot, image, "discovery");

    private static BootIntent Disk(string reason) => new(BootAction.Disk, "", reason);
}
