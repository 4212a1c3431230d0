using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Events;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>How a machine leaves its cluster, and how it may be used again.</summary>
public static class NodeReuse
{
    /// <summary>Its cluster is forgotten: nothing was written to it, and it goes on as it is.</summary>
    public static NodeChange Release(NodeRecord node, string cluster, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Leave(node, node with { ReleasedFrom = "" }, cluster, context);
    }

    /// <summary>It is dead and was taken out of its cluster. Nothing was written to it: if it comes back, it must not join again.</summary>
    public static NodeChange ReleaseDead(NodeRecord node, string cluster, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Leave(node, node with { ReleasedFrom = cluster, Conditions = [] }, cluster, context);
    }

    /// <summary>Why a machine is not wiped by its next network boot; null when it may be.</summary>
    public static Refusal? WipeRefusal(NodeRecord node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var why = node.Allocation is { } place ? $"is a member of cluster {place.Cluster}: `cozyfleet node reset` wipes a member"
            : node.Spec.Acceptance.State != AcceptanceState.Accepted ? "is not accepted, and nothing is written to it before that"
            : WipeConfirmation.IsBlank(node.Observed) ? "is in maintenance mode with nothing installed: there is nothing to wipe"
            : null;
        return why is null ? null : new(RefusalKind.FailedPrecondition, $"node {node.Metadata.Name} {why}.");
    }

    /// <summary>A person wants whatever is on its system disk gone: its next network boot wipes it. One request at a time.</summary>
    public static NodeChange AskWipe(NodeRecord node, string caller, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(context);
        var happened = NodeEvents.Of(
            node, context.Now, EventSeverity.Normal, "WipeAsked", $"{caller} lets its next network boot wipe its system disk");
        return NodeLifecycle.Finish(node, node with { WipeRequests = node.ConfirmedWipes + 1 }, [happened], context);
    }

    /// <summary>It was wiped on our order and is nobody's: it may be installed again.</summary>
    public static NodeChange Wiped(NodeRecord node, string cluster, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Leave(node, node with
        {
            Conditions = [],
            WipedGeneration = node.InstallGeneration,
            GenerationAtAllocation = node.InstallGeneration,
        }, cluster, context);
    }

    // Whoever was killed in between comes here again: it left then. What was asked for in an earlier life is not done in the next.
    private static NodeChange Leave(NodeRecord node, NodeRecord next, string cluster, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (node.Allocation?.Cluster != cluster)
            return new(node, []);
        next = next with { Allocation = null, Operation = null, WipeRequests = node.ConfirmedWipes };
        return NodeLifecycle.Finish(node, NodeLifecycle.Enter(next, NodePhase.Accepted, context.Now), [], context);
    }
}

/// <summary>A wipe ends by the node's own word alone, too.</summary>
internal static class WipeConfirmation
{
    /// <summary>Nothing is installed on it, it says.</summary>
    public static bool IsBlank(NodeObservation? seen) => seen is { ApiMode: ApiMode.Maintenance, Installed: false };

    public static NodeRecord From(NodeRecord node, NodeObservation seen) =>
        node.Allocation is null && node.WipeRequests > node.ConfirmedWipes && IsBlank(seen)
            ? node with
            {
                ConfirmedWipes = node.WipeRequests,
                WipedGeneration = node.InstallGeneration,
                GenerationAtAllocation = node.InstallGeneration,
                ReleasedFrom = "",
            }
            : node;
}
