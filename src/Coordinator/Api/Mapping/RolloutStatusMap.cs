using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class RolloutStatusMap
{
    public static V1.Rollout ToProto(this RolloutRecord rollout, string etag)
    {
        var status = new V1.RolloutStatus
        {
            State = EnumMap<RolloutState, V1.RolloutState>.Of(rollout.State),
            PlanDigest = rollout.PlanDigest,
            Waiting = rollout.Waiting?.ToProto(),
            StopReason = rollout.StopReason,
            TraceId = CommonMap.TraceId(rollout.Traceparent),
            StartTime = rollout.StartTime.ToProto(),
            EndTime = rollout.EndTime.ToProto(),
            Requested = rollout.Requested,
        };
        status.Nodes.Add(rollout.Nodes.Select(ToProto));
        return new() { Metadata = rollout.Metadata.ToProto(etag), Spec = rollout.Spec.ToProto(), Status = status };
    }

    private static V1.RolloutNode ToProto(RolloutNode node)
    {
        var proto = new V1.RolloutNode
        {
            Node = node.Node,
            Hostname = node.Hostname,
            Role = EnumMap<Role, V1.Role>.Of(node.Role),
            FromVersion = node.FromVersion,
            ToVersion = node.ToVersion,
            State = EnumMap<RolloutNodeState, V1.RolloutNodeState>.Of(node.State),
            Step = node.Steps.LastOrDefault(s => s.Outcome is "" or "failed")?.Kind.ToString() ?? "",
            Waiting = node.Waiting?.ToProto(),
            Message = node.Message,
            DisruptionStartTime = node.DisruptionStartTime.ToProto(),
            DisruptionEndTime = node.DisruptionEndTime.ToProto(),
        };
        proto.Steps.Add(node.Steps.Select(ToProto));
        return proto;
    }

    private static V1.RolloutStep ToProto(RolloutStep step) => new()
    {
        Name = step.Kind.ToString(),
        StartTime = step.StartTime.ToProto(),
        EndTime = step.EndTime.ToProto(),
        Outcome = step.Outcome,
        Message = step.Message,
    };
}
