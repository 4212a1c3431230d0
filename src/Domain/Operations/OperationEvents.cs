using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Operations;

/// <summary>What is worth telling of an operation, at its node.</summary>
public static class OperationEvents
{
    /// <param name="old">Null for an operation that is new.</param>
    public static EquatableArray<FleetEvent> Between(OperationRecord? old, OperationRecord next, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(next);
        var events = new List<FleetEvent>();
        if (old is null)
            events.Add(Of(next, now, EventSeverity.Normal, "OperationStarted", $"asked for by {next.RequestedBy}"));
        if (old is null && next.OverrideReason != "")
            events.Add(Of(next, now, EventSeverity.Warning, "GatesOverridden",
                $"{next.RequestedBy} overrides the gates: {next.OverrideReason}"));
        if (next.IsFinal && old?.IsFinal != true)
        {
            var severity = next.State == OperationState.Succeeded ? EventSeverity.Normal : EventSeverity.Warning;
            events.Add(Of(next, now, severity, $"Operation{next.State}", next.Message));
        }
        return events.ToEquatableArray();
    }

    private static FleetEvent Of(OperationRecord operation, DateTimeOffset now, EventSeverity severity, string reason,
        string message) => new(
        now, severity, $"nodes/{operation.Node}", reason, $"{OperationRules.Word(operation.Action)} ({operation.Holder}): {message}");
}
