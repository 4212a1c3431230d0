using Cozy.Fleet.Scenarios.Telemetry;

namespace Cozy.Fleet.Scenarios;

/// <summary>What people see in their trace viewer, received over OTLP from both processes.</summary>
public sealed class TraceTests
{
    private static readonly string[] BootSpans =
        ["boot", "dhcp", "tftp", "script", "kernel", "initramfs", "maintenance", "configure", "install", "ready"];

    [Fact]
    public async Task Every_boot_is_one_trace_and_the_rollout_is_one_trace()
    {
        await using var receiver = await OtlpReceiver.StartAsync(TestContext.Current.CancellationToken);
        var environment = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Endpoint.ToString(),
            ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
        };
        var run = await DemoRun.StartAsync(["--nodes", "3"], environment, TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, run.Errors);

        var traces = receiver.Spans.ToLookup(span => span.TraceId);
        AssertBootTraces(traces, machines: 3);
        AssertRolloutTrace(traces, machines: 3);
    }

    private static void AssertBootTraces(ILookup<string, ReceivedSpan> traces, int machines)
    {
        // The reboots of the rollout are boots, too; they hang on its trace.
        var provisioning = traces.Where(trace => trace.Any(span => span.Name == "install") && Root(trace)?.Name == "boot").ToList();
        Assert.Equal(machines, provisioning.Count);
        Assert.All(provisioning, trace =>
        {
            Assert.All(BootSpans, name => Assert.Contains(trace, span => span.Name == name));
            Assert.Equal(2, trace.Select(span => span.Service).Distinct().Count());
            AssertOneTree(trace, "boot");
        });
    }

    private static void AssertRolloutTrace(ILookup<string, ReceivedSpan> traces, int machines)
    {
        var rollout = Assert.Single(traces, trace => trace.Any(span => span.Name == "rollout"));
        Assert.Equal(machines, rollout.Count(span => span.Name.StartsWith("node ", StringComparison.Ordinal)));
        Assert.Equal(2, rollout.Select(span => span.Service).Distinct().Count());
        AssertOneTree(rollout, "rollout");

        // Each node's reboot goes through the agent's DHCP server, in the same trace.
        Assert.True(rollout.Count(span => span.Name == "dhcp") >= machines);
    }

    private static ReceivedSpan? Root(IEnumerable<ReceivedSpan> trace)
    {
        var roots = trace.Where(span => span.ParentSpanId == "").ToList();
        return roots is [var root] ? root : null;
    }

    private static void AssertOneTree(IEnumerable<ReceivedSpan> trace, string rootName)
    {
        var spans = trace.ToDictionary(span => span.SpanId);
        var root = Root(trace);
        Assert.Equal(rootName, root?.Name);
        Assert.All(spans.Values.Where(span => span != root), span =>
            Assert.True(spans.ContainsKey(span.ParentSpanId), $"{span.Name} hangs on a span that nobody exported"));
    }
}
