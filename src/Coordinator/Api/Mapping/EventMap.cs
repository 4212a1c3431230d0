using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Domain.Events;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class EventMap
{
    public static V1.Event ToProto(this LoggedEvent logged) => new()
    {
        Sequence = logged.Sequence,
        Time = logged.Event.Time.ToProto(),
        Severity = EnumMap<EventSeverity, V1.EventSeverity>.Of(logged.Event.Severity),
        Subject = logged.Event.Subject,
        Reason = logged.Event.Reason,
        Message = logged.Event.Message,
        TraceId = logged.Event.TraceId,
    };
}
