using Cozy.Fleet.Domain;
using Google.Protobuf.WellKnownTypes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

/// <summary>What every resource shares: conditions, waits, times, trace ids.</summary>
internal static class CommonMap
{
    public static V1.Condition ToProto(this Condition condition) => new()
    {
        Type = condition.Type,
        Status = condition.Status switch
        {
            true => V1.ConditionStatus.True,
            false => V1.ConditionStatus.False,
            null => V1.ConditionStatus.Unknown,
        },
        Reason = condition.Reason,
        Message = condition.Message,
        LastTransitionTime = condition.LastTransitionTime.ToProto(),
    };

    public static V1.Waiting ToProto(this Waiting waiting) => new()
    {
        WaitsFor = waiting.WaitsFor,
        Observed = waiting.Observed,
        Since = waiting.Since.ToProto(),
        UnblockedBy = waiting.UnblockedBy,
    };

    /// <summary>A time that was never set stays away, as proto3 means it.</summary>
    public static Timestamp? ToProto(this DateTimeOffset time) => time == default ? null : time.ToTimestamp();

    public static Timestamp? ToProto(this DateTimeOffset? time) => time?.ToProto();

    /// <summary>The trace id within a W3C traceparent (version-trace-span-flags), or empty.</summary>
    public static string TraceId(string traceparent) => traceparent.Split('-') is [_, { Length: 32 } trace, _, _] ? trace : "";
}
