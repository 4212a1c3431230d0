using System.Diagnostics;
using Cozy.Fleet.Coordinator.Hosting;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

public sealed class TelemetryTests
{
    [Fact]
    public void A_span_has_the_ids_that_were_stored_before_it_ended()
    {
        var root = Telemetry.NewTrace();
        var own = string.Join('-', root.Split('-')[..2]) + "-00f067aa0ba902b7-01";
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if (span.TraceId.ToString() == root.Split('-')[1])
                    spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var (start, end) = (DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(90));

        Telemetry.Emit("step", own, root, (start, end), ("a", 1));
        Telemetry.Emit("root", root, "", (start, end));

        Assert.Equal(("00f067aa0ba902b7", root.Split('-')[2], TimeSpan.FromSeconds(90)),
            (spans[0].SpanId.ToString(), spans[0].ParentSpanId.ToString(), spans[0].Duration));
        Assert.Equal((root.Split('-')[2], default(ActivitySpanId)), (spans[1].SpanId.ToString(), spans[1].ParentSpanId));
    }
}
