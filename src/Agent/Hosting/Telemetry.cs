using System.Diagnostics;

namespace Cozy.Fleet.Agent.Hosting;

/// <summary>The agent's spans.</summary>
internal static class Telemetry
{
    public const string SourceName = "Cozy.Fleet.Agent";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>A W3C trace context as text; empty for none.</summary>
    public static string Traceparent(ActivityContext context) => context == default ? ""
        : $"00-{context.TraceId}-{context.SpanId}-{(context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? "01" : "00")}";

    public static ActivityContext Context(string traceparent) =>
        ActivityContext.TryParse(traceparent, null, isRemote: true, out var context) ? context : default;
}
