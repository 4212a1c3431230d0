using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Coordinator.Rollouts;

/// <summary>The spans of a rollout, each when it is over: rollout, one for each turn of a node, one for each step.</summary>
internal static class RolloutSpans
{
    public static void Emit(RolloutRecord old, RolloutRecord next)
    {
        for (var i = 0; i < next.Nodes.Count; i++)
            Node(next, old.Nodes[i], next.Nodes[i]);
        if (!old.IsFinal && next is { IsFinal: true, EndTime: { } end })
        {
            Telemetry.Emit("rollout", next.Traceparent, "", (next.StartTime, end),
                ("rollout.name", next.Metadata.Name), ("rollout.state", next.State.ToString()), ("cluster", next.Spec.Cluster));
        }
    }

    private static void Node(RolloutRecord rollout, RolloutNode old, RolloutNode next)
    {
        var span = RolloutTrace.Node(rollout, next);
        for (var i = 0; i < next.Steps.Count; i++)
        {
            var step = next.Steps[i];
            var wasOver = i < old.Steps.Count && old.Steps[i].EndTime is not null;
            if (step.EndTime is not { } end || wasOver)
                continue;
            Telemetry.Emit(step.Kind.ToString(), RolloutTrace.Step(rollout, next, step), span, (step.StartTime, end),
                ("node.hostname", next.Hostname), ("step.outcome", step.Outcome), ("step.message", step.Message));
        }
        var turnIsOver = old.State != next.State && next.State is not (RolloutNodeState.InFlight or RolloutNodeState.Cancelled)
            && next.Steps.Count > 0 && old.State is not (RolloutNodeState.Failed or RolloutNodeState.RolledBack);
        if (turnIsOver)
        {
            var start = next.Steps.Last(s => s.Kind == RolloutStepKind.Admit).StartTime;
            Telemetry.Emit($"node {next.Hostname}", span, rollout.Traceparent, (start, next.Steps[^1].EndTime ?? start),
                ("node.state", next.State.ToString()), ("node.message", next.Message), ("version.from", next.FromVersion), ("version.to", next.ToVersion));
        }
    }
}
