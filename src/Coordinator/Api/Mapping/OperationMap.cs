using Cozy.Fleet.Domain.Operations;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class OperationMap
{
    public static V1.Operation ToProto(this OperationRecord operation) => new()
    {
        Name = operation.Metadata.Name,
        Action = OperationRules.Word(operation.Action),
        Cluster = operation.Cluster,
        Node = operation.Node,
        Hostname = operation.Hostname,
        State = EnumMap<OperationState, V1.OperationState>.Of(operation.State),
        Message = operation.Message,
        Waiting = operation.Waiting?.ToProto(),
        RequestedBy = operation.RequestedBy,
        OverrideGates = operation.OverrideReason,
        StartTime = operation.Metadata.CreateTime.ToProto(),
        EndTime = operation.EndTime.ToProto(),
    };
}
