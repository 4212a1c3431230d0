using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What a machine is told, and why.</summary>
/// <param name="Node">The node's name, or empty for a machine that the coordinator does not know yet.</param>
/// <param name="Traceparent">The work that this boot belongs to; empty starts a trace of its own.</param>
internal sealed record BootPlan(BootAction Action, BootImage? Image, string Reason, string Node, string HostName, string Traceparent)
{
    /// <summary>A person wants what is on its system disk gone.</summary>
    public bool Wipe { get; init; }
}

/// <summary>
/// The boot decision: a function of the stored desired state and of who asks (design 3.12). It never waits for the coordinator.
/// Unknown, contradicting or undecided means disk or hold, never an installation.
/// </summary>
internal static class BootDecision
{
    public static BootPlan For(DesiredState? state, MacAddress mac, MachineUuid? uuid)
    {
        if (state is null)
            return new(BootAction.Disk, null, "the coordinator has not said anything yet", "", "", "");

        var byMac = state.Nodes.FirstOrDefault(n => Has(n, mac));
        var byUuid = uuid is { } known ? state.Nodes.FirstOrDefault(n => IsSame(n.Uuid, known)) : null;
        // A card that moved to another machine, or one UUID on two boards: a person must look (netboot.md 19).
        if (byMac is not null && byUuid is not null && byMac != byUuid)
            return new(BootAction.Hold, null, $"the MAC address is node {byMac.Node}'s, the UUID is node {byUuid.Node}'s", "", "", "");

        var node = byUuid ?? byMac;
        if (node is not null && Contradiction(node, mac, uuid) is { } reason)
            return new(BootAction.Hold, null, reason, "", "", "");
        return node is null
            ? WithImage(state, new(state.UnknownAction, null, "unknown machine", "", "", ""), state.UnknownImage)
            : WithImage(state, PlanOf(node), node.Image);
    }

    private static BootPlan PlanOf(NodeBoot node) =>
        new(node.Action, null, node.Reason, node.Node, node.Hostname, node.Traceparent) { Wipe = node.Wipe };

    private static BootPlan WithImage(DesiredState state, BootPlan plan, string imageName)
    {
        if (plan.Action is BootAction.Unspecified)
            return plan with { Action = BootAction.Disk };
        if (plan.Action != BootAction.Netboot)
            return plan;
        return state.Images.FirstOrDefault(i => i.Name == imageName) is { } image
            ? plan with { Image = image }
            : plan with { Action = BootAction.Hold, Reason = $"image {imageName} is not known here yet" };
    }

    // One half of a known identity is not enough to start another machine's installation (design I9): boards are sold with one
    // UUID for a whole series, and network cards move.
    private static string? Contradiction(NodeBoot node, MacAddress mac, MachineUuid? uuid) =>
        node.Macs.Count > 0 && !Has(node, mac) ? $"the UUID is node {node.Node}'s, the MAC address {mac} is not"
        : uuid is { } shown && MachineUuid.TryParse(node.Uuid, out _) && !IsSame(node.Uuid, shown)
            ? $"the MAC address is node {node.Node}'s, the UUID {shown} is not"
        : null;

    private static bool Has(NodeBoot node, MacAddress mac) => node.Macs.Any(m => MacAddress.TryParse(m, out var known) && known == mac);

    // Firmware older than SMBIOS 2.6 shows the first fields the other way round.
    private static bool IsSame(string text, MachineUuid uuid) =>
        MachineUuid.TryParse(text, out var stored) && (stored == uuid || stored == uuid.Swapped);
}
