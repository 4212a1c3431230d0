using System.Globalization;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>
/// Boots that lead nowhere, counted from the moment at which the machine's API answered last (rollouts.md 1.5). A disk that does not
/// boot after an installation brings the machine back to maintenance mode, where nothing is written to it without a new order (I9); a
/// machine that network-boots for ever is held.
/// </summary>
public static class BootTries
{
    /// <summary>So many power-ons that end at the disk and show no system.</summary>
    public const int DiskLimit = 3;

    /// <summary>So many full network boots whose API never answers.</summary>
    public const int NetbootLimit = 5;

    /// <summary>So many boot loaders that were loaded and never asked for their script.</summary>
    public const int LoaderLimit = 5;

    /// <summary>Older tries are another story.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    // UEFI goes through its boot entries, and each that is a network card asks anew (docs/netboot.md).
    private static readonly TimeSpan OnePowerOn = TimeSpan.FromMinutes(2);

    private const int Kept = 8;

    /// <summary>What a step of a network boot adds to the tries, and what follows when they are too many.</summary>
    internal static NodeChange Count(NodeRecord node, BootReport report) => report.Stage switch
    {
        BootStage.LoaderFetched => Loaded(node, report.Time),
        BootStage.Disk => ToldDisk(Asked(node), report.Time),
        BootStage.InitramfsFetched => Netbooted(Asked(node), report.Time),
        BootStage.ScriptServed or BootStage.Held => new(Asked(node), []),
        _ => new(node, []),
    };

    /// <summary>Its API answered: whatever it tried, it got there.</summary>
    internal static NodeRecord Over(NodeRecord node, DateTimeOffset now)
    {
        if (node.DiskTries.Count > 0 || node.NetbootTries.Count > 0 || node.LoaderTries.Count > 0)
            node = node with { DiskTries = [], NetbootTries = [], LoaderTries = [] };
        return NodeConditions.Find(node.Conditions, NodeConditions.BootCompletes) is not { Status: false } || node.InstallFailed ? node
            : Say(node, true, "ApiAnswers", "", now);
    }

    private static NodeRecord Asked(NodeRecord node) => node.LoaderTries.Count == 0 ? node : node with { LoaderTries = [] };

    // An iPXE that nobody can tell from a firmware is given the loader again, for ever (netboot.md 6). No answer of ours would end that.
    private static NodeChange Loaded(NodeRecord node, DateTimeOffset now)
    {
        node = node with { LoaderTries = Recent(node.LoaderTries, now).Append(now).TakeLast(Kept).ToEquatableArray() };
        if (node.LoaderTries.Count != LoaderLimit)
            return new(node, []);
        var message = $"its boot loader was loaded {Times(node.LoaderTries)} and never asked for its script: update the firmware of its network "
            + "card, or switch the card's own PXE off; where the loader does not start at all, look at Secure Boot";
        node = Say(node, false, "LoaderLoop", message, now);
        return new(node, [NodeEvents.Of(node, now, EventSeverity.Warning, "LoaderLoop", message)]);
    }

    private static NodeChange ToldDisk(NodeRecord node, DateTimeOffset now)
    {
        var tries = Recent(node.DiskTries, now);
        if (tries.Count > 0 && now - tries[^1] < OnePowerOn)
            return new(node, []);
        node = node with { DiskTries = tries.Append(now).TakeLast(Kept).ToEquatableArray() };
        if (node.DiskTries.Count < DiskLimit)
            return new(node, []);
        return node is { InstallOpened: true, InstallConfirmed: false, InstallFailed: false }
            ? BackToMaintenance(node, now) : DiskDoesNotBoot(node, now);
    }

    private static NodeChange BackToMaintenance(NodeRecord node, DateTimeOffset now)
    {
        var message = $"its installation did not come up: told to boot its disk {Times(node.DiskTries)}, and no system answered. It comes back to "
            + "maintenance mode and is not installed again by itself: look at its disk and its log, then take it out of cluster "
            + $"{node.Allocation?.Cluster} and in again";
        node = Say(node with { FailedInstallGeneration = node.InstallGeneration, DiskTries = [] }, false, "InstallationFailed", message, now);
        return new(node, [NodeEvents.Of(node, now, EventSeverity.Warning, "InstallationFailed", message)]);
    }

    private static NodeChange DiskDoesNotBoot(NodeRecord node, DateTimeOffset now)
    {
        var message = $"told to boot its disk {Times(node.DiskTries)}, and no system answered: look at its console, its disk and the boot order "
            + "of its firmware";
        var isNews = node.DiskTries.Count == DiskLimit;
        node = Say(node, false, "DiskDoesNotBoot", message, now);
        return new(node, isNews ? [NodeEvents.Of(node, now, EventSeverity.Warning, "DiskDoesNotBoot", message)] : []);
    }

    private static NodeChange Netbooted(NodeRecord node, DateTimeOffset now)
    {
        node = node with { NetbootTries = Recent(node.NetbootTries, now).Append(now).TakeLast(Kept).ToEquatableArray() };
        if (node.NetbootTries.Count < NetbootLimit || node.InstallConfirmed || node.QuarantineReason != "")
            return new(node, []);
        var message = $"network-booted {Times(node.NetbootTries)}, and its API never answered: look at its console; an image for other hardware, "
            + "too little memory and a network card without a driver are the usual causes";
        node = Say(node with { NetbootTries = [], QuarantineReason = message }, false, "NetbootLoop", message, now);
        return new(node, [NodeEvents.Of(node, now, EventSeverity.Warning, "Quarantined", message)]);
    }

    private static EquatableArray<DateTimeOffset> Recent(EquatableArray<DateTimeOffset> tries, DateTimeOffset now) =>
        tries.Where(t => now - t < Window && t < now).ToEquatableArray();

    private static string Times(EquatableArray<DateTimeOffset> tries) =>
        string.Create(CultureInfo.InvariantCulture, $"{tries.Count} times since {tries[0].UtcDateTime:yyyy-MM-dd HH:mm} UTC");

    private static NodeRecord Say(NodeRecord node, bool status, string reason, string message, DateTimeOffset now) => node with
    {
        Conditions = NodeConditions.Set(node.Conditions, new(NodeConditions.BootCompletes, status, reason, message, default), now),
    };
}
