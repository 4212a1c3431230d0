using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>The coordinator's spans. They follow from stored records, so that a restart neither loses nor doubles one.</summary>
public static class Telemetry
{
    public const string SourceName = "Cozy.Fleet.Coordinator";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>Exports a span that is over.</summary>
    /// <param name="own">Its W3C trace context; empty for a span that nothing hangs on.</param>
    /// <param name="parent">Its parent's; empty for the root of a trace.</param>
    public static void Emit(string name, string own, string parent, (DateTimeOffset Start, DateTimeOffset End) time,
        params ReadOnlySpan<(string Key, object? Value)> tags)
    {
        var known = ActivityContext.TryParse(own, null, out var context);
        var hasParent = ActivityContext.TryParse(parent, null, out var parentContext);
        if (!known && !hasParent)
            return; // Seen before tracing was switched on: there is no trace to belong to.
        // A root has its trace id from us and no parent.
        var under = hasParent ? parentContext : new ActivityContext(context.TraceId, default, context.TraceFlags);
        using var span = Source.StartActivity(name, ActivityKind.Internal, under, startTime: time.Start);
        if (span is null)
            return;
        if (known)
            SpanId(span) = context.SpanId.ToHexString();
        foreach (var (key, value) in tags)
            span.SetTag(key, value);
        span.SetEndTime((time.End < time.Start ? time.Start : time.End).UtcDateTime);
    }

    /// <summary>A new trace with its root span, to be exported when it is over.</summary>
    public static string NewTrace() => $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01";

    // .NET gives every activity a random id. Ours must be the one that was stored and handed to the agent before this process began.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_spanId")]
    private static extern ref string? SpanId(Activity activity);
}
