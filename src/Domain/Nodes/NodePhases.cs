using Cozy.Fleet.Domain.Agents;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>The phase that follows from what was seen. Within one boot a phase never goes back.</summary>
internal static class NodePhases
{
    public static NodePhase BeforeAllocation(NodeRecord node) => node.Spec.Acceptance.State switch
    {
        AcceptanceState.Accepted => NodePhase.Accepted,
        AcceptanceState.Rejected => NodePhase.Rejected,
        _ => node.Facts is null ? NodePhase.Discovered : NodePhase.PendingAcceptance,
    };

    public static NodePhase From(NodeRecord node, NodeObservation? before, NodeObservation seen)
    {
        if (node.Allocation is null)
            return node.Phase;
        return seen.ApiMode switch
        {
            ApiMode.Maintenance => InMaintenance(node, seen),
            ApiMode.Secure => Secure(node, before, seen),
            _ => node.Phase,
        };
    }

    // Right after the apply call the maintenance API may still answer; after another boot it means that nothing was installed.
    private static NodePhase InMaintenance(NodeRecord node, NodeObservation seen)
    {
        if (node.InstallConfirmed)
            return node.Phase;
        var sameBoot = seen.BootId == "" || node.ConfiguredBootId == "" || seen.BootId == node.ConfiguredBootId;
        return node.InstallOpened && sameBoot ? node.Phase : NodePhase.Maintenance;
    }

    private static NodePhase Secure(NodeRecord node, NodeObservation? before, NodeObservation seen)
    {
        var shown = node.InstallConfirmed ? Installed(seen) : Installing(seen);
        var newBoot = before is { BootId: not "" } && seen.BootId != "" && before.BootId != seen.BootId;
        return newBoot && node.InstallConfirmed ? shown : (NodePhase)Math.Max((int)node.Phase, (int)shown);
    }

    private static NodePhase Installing(NodeObservation seen) =>
        seen.Stage is MachineStage.Installing or MachineStage.Rebooting ? NodePhase.Installing : NodePhase.Configuring;

    private static NodePhase Installed(NodeObservation seen) => seen switch
    {
        { Stage: not MachineStage.Running } => NodePhase.Booting,
        { Ready: true, Kubernetes: { Reachable: true, NodeFound: true, Ready: true } } => NodePhase.Running,
        _ => NodePhase.Joining,
    };
}

/// <summary>An install generation ends by the node's own word alone: its secure API, installed, on another boot (I9).</summary>
internal static class InstallConfirmation
{
    public static NodeRecord From(NodeRecord node, NodeObservation seen)
    {
        var fromDisk = seen is { ApiMode: ApiMode.Secure, Installed: true, Stage: MachineStage.Booting or MachineStage.Running }
            && (node.ConfiguredBootId == "" || seen.BootId == "" || seen.BootId != node.ConfiguredBootId);
        return node.InstallOpened && !node.InstallConfirmed && fromDisk
            ? node with { ConfirmedInstallGeneration = node.InstallGeneration }
            : node;
    }
}
