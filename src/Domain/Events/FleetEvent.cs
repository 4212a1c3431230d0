namespace Cozy.Fleet.Domain.Events;

public enum EventSeverity
{
    Normal,
    Warning,
}

/// <summary>Something that happened, for people and programs that watch.</summary>
/// <param name="Subject">Such as <c>nodes/1c3f…</c> or <c>clusters/c1</c>.</param>
/// <param name="Reason">One CamelCase word.</param>
/// <param name="Message">One sentence.</param>
public sealed record FleetEvent(
    DateTimeOffset Time, EventSeverity Severity, string Subject, string Reason, string Message, string TraceId = "");
