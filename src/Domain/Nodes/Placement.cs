namespace Cozy.Fleet.Domain.Nodes;

/// <summary>Whether a machine may be given to a cluster.</summary>
public static class Placement
{
    /// <summary>Why not, as the end of a sentence about the node; null when it may.</summary>
    public static string? Refusal(NodeRecord node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Allocation is { } place)
            return $"is a member of cluster {place.Cluster} already";
        if (node.Spec.Acceptance.State != AcceptanceState.Accepted)
            return "is not accepted; accept it first";
        if (node.QuarantineReason != "")
            return $"is quarantined: {node.QuarantineReason}";
        if (node.Spec.Paused)
            return "is paused";
        var wiped = WipeConfirmation.IsBlank(node.Observed);
        if (node.ReleasedFrom != "" && !wiped)
            return $"was released from cluster {node.ReleasedFrom} when it was dead, and did not come back with an empty disk since";
        return node.ConfirmedInstallGeneration > 0 && !wiped ? "was installed before; wipe it first" : null;
    }

    /// <summary>True when the role hint of the node does not speak against the role.</summary>
    public static bool Fits(NodeRecord node, Role role)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Spec.RoleHint == Role.Unspecified || node.Spec.RoleHint == role;
    }
}
