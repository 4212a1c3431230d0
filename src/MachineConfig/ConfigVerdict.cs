namespace Cozy.Fleet.MachineConfig;

/// <summary>What a changed config costs a node, from nothing to much.</summary>
public enum ChangeEffect
{
    /// <summary>Nothing differs.</summary>
    None,

    /// <summary>The node takes it up while it runs.</summary>
    Live,

    /// <summary>It works only after a reboot; until 1.13 the node refuses to apply it without one.</summary>
    Reboot,

    /// <summary>Only the installer makes it true: the node takes the text, and goes on as before until it is upgraded.</summary>
    Upgrade,
}

/// <summary>How a change reaches a node (talos.md 5.7).</summary>
/// <param name="DecidedBy">The first change that needs this much; null for <see cref="ChangeEffect.None"/>.</param>
/// <param name="Reason">A sentence about that place; empty for <see cref="ChangeEffect.None"/>.</param>
/// <param name="Network">
/// The first change that can make the node unreachable: addresses, links, routes, the firewall. Null when there is none. Such a change is
/// tried first, with an automatic way back.
/// </param>
/// <param name="Reboot">The first change that works only after a reboot, whatever else needs more; null when there is none.</param>
public sealed record ConfigVerdict(ChangeEffect Effect, ConfigPlace? DecidedBy, string Reason, ConfigPlace? Network, ConfigPlace? Reboot);
