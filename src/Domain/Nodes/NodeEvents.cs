using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>What is worth telling of a node.</summary>
public static class NodeEvents
{
    /// <summary>Whoever may switch a machine off has changed.</summary>
    public static FleetEvent BmcSet(NodeRecord node, string decidedBy, DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(node);
        var (reason, what) = node.Spec.Bmc is { } bmc ? ("BmcSet", $"{bmc.Kind} at {bmc.Address} as {bmc.Username}") : ("BmcForgotten", "forgotten");
        return Of(node, time, EventSeverity.Normal, reason, $"{what}, by {decidedBy}");
    }

    internal static FleetEvent Of(NodeRecord node, DateTimeOffset time, EventSeverity severity, string reason, string message) =>
        new(time, severity, $"nodes/{node.Metadata.Name}", reason, message);

    internal static FleetEvent Decided(NodeRecord node, DateTimeOffset time) => Of(node, time, EventSeverity.Normal,
        node.Spec.Acceptance.State.ToString(), $"decided by {node.Spec.Acceptance.DecidedBy}");

    internal static FleetEvent Stranger(NodeRecord node, BootReport boot) => Of(node, boot.Time, EventSeverity.Warning, "UuidOfTwoMachines",
        $"a machine with MAC address {boot.Mac} shows this node's UUID, but is none of its links; it is held: "
        + "give one of the two boards a UUID of its own");

    internal static FleetEvent IsBack(NodeRecord node, DateTimeOffset time) => Of(
        node, time, EventSeverity.Warning, "ReleasedMachineIsBack", $"it network-boots and is held: {node.Boot.Reason}");

    internal static EquatableArray<FleetEvent> Between(NodeRecord old, NodeRecord next, DateTimeOffset time)
    {
        var events = new List<FleetEvent>();
        if (old.Phase != next.Phase && next.Allocation is not null)
            events.Add(Of(next, time, EventSeverity.Normal, next.Phase.ToString(), $"was {old.Phase}, is {next.Phase}"));
        if (Wiped(next) && !Wiped(old))
        {
            events.Add(Of(next, time, EventSeverity.Warning, "Wiped",
                "an installed node came up in maintenance mode; it is not installed again by itself"));
        }
        if (next.ConfirmedWipes > old.ConfirmedWipes)
        {
            events.Add(Of(next, time, EventSeverity.Normal, "WipeConfirmed",
                "it is in maintenance mode with nothing installed, and may be used again"));
        }
        return events.ToEquatableArray();
    }

    private static bool Wiped(NodeRecord node) =>
        NodeConditions.Find(node.Conditions, NodeConditions.Installed)?.Reason == "Wiped";
}
