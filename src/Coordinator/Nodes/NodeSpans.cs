using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Nodes;

/// <summary>The coordinator's part of a boot's trace, from what changed in the record: maintenance, configure, install, ready.</summary>
internal static class NodeSpans
{
    public static void Emit(NodeRecord? old, NodeRecord next)
    {
        if (old is null || old == next)
            return;
        if (CameUp(old, next))
            Span("maintenance", next, next.NetbootTimes.Count > 0 ? next.NetbootTimes[^1] : next.Observed!.Time, next.Observed!.Time);
        if (!old.InstallOpened && next.InstallOpened)
            Span("configure", next, old.PhaseTime, next.ConfiguredTime ?? next.PhaseTime);
        if (!old.InstallConfirmed && next.InstallConfirmed)
            Span("install", next, next.ConfiguredTime ?? old.PhaseTime, next.Observed!.Time);
        if (old.Phase != NodePhase.Running && next.Phase == NodePhase.Running)
            Span("ready", next, next.BootTime ?? old.PhaseTime, next.PhaseTime);
    }

    private static bool CameUp(NodeRecord old, NodeRecord next) => next.Observed is { ApiMode: ApiMode.Maintenance } seen
        && (old.Observed?.ApiMode != ApiMode.Maintenance || old.Observed.BootId != seen.BootId);

    private static void Span(string name, NodeRecord node, DateTimeOffset start, DateTimeOffset end) =>
        Telemetry.Emit(name, "", node.BootTraceparent, (start, end), ("node.name", node.Metadata.Name), ("cluster", node.Allocation?.Cluster ?? ""));
}
