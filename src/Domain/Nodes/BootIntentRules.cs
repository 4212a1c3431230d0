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

    // A network-booted kernel would take the config from the disk and undo upgrades, so a machine that was installed
    // once keeps its disk, also without a cluster (talos.md 3.1), until it was wiped on our order.
    private static BootIntent Discovery(NodeRecord node, string image) =>
        node.ConfirmedInstallGeneration > node.WipedGeneration ? Disk("was installed before; wipe it to use it again")
        : image == "" ? Disk("no cluster, and the rack has no discovery image")
        : new(BootAction.Netboot, image, "discovery");

    private static BootIntent Disk(string reason) => new(BootAction.Disk, "", reason);
}
