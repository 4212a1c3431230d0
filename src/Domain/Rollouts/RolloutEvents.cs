using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>What is worth telling of a rollout: the difference between two of its records.</summary>
public static class RolloutEvents
{
    /// <param name="old">Null for a rollout that is new.</param>
    public static EquatableArray<FleetEvent> Between(RolloutRecord? old, RolloutRecord next, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(next);
        var events = new List<FleetEvent>();
        foreach (var (before, after) in next.Nodes.Select((n, i) => (old?.Nodes[i], n)).Where(p => p.Item1 is not null && p.Item1.State != p.n.State))
            events.Add(OfNode(next, after, now));
        if (old?.State != next.State)
            events.Add(OfRollout(next, now));
        return events.ToEquatableArray();
    }

    private static FleetEvent OfNode(RolloutRecord rollout, RolloutNode node, DateTimeOffset now)
    {
        var bad = node.State is RolloutNodeState.Failed or RolloutNodeState.RolledBack;
        var message = node.Message != "" ? node.Message : $"{node.FromVersion} to {node.ToVersion}";
        return Of(rollout, now, bad, "Node" + node.State, $"{node.Hostname}: {message}");
    }

    private static FleetEvent OfRollout(RolloutRecord rollout, DateTimeOffset now) => rollout.State switch
    {
        RolloutState.Stopped => Of(rollout, now, true, "Stopped", rollout.StopReason),
        RolloutState.Running => Of(rollout, now, false, "Running", $"{rollout.Nodes.Count} nodes of cluster {rollout.Spec.Cluster} to {rollout.Spec.Image}"),
        _ => Of(rollout, now, false, rollout.State.ToString(),
            $"{rollout.Nodes.Count(n => n.State == RolloutNodeState.Done)} of {rollout.Nodes.Count} nodes are done"),
    };

    private static FleetEvent Of(RolloutRecord rollout, DateTimeOffset now, bool warning, string reason, string message) => new(
        now, warning ? EventSeverity.Warning : EventSeverity.Normal, $"rollouts/{rollout.Metadata.Name}", reason, message,
        rollout.Traceparent.Split('-') is [_, var trace, ..] ? trace : "");
}
