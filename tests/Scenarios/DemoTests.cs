using System.Text.Json;

namespace Cozy.Fleet.Scenarios;

/// <summary>The whole journey as `./fleet demo` runs it: six machines from power-on to a cluster, then an upgrade.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task Six_machines_become_a_cluster_and_are_upgraded_one_at_a_time()
    {
        var run = await DemoRun.StartAsync([], null, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(6, run.Summary.GetProperty("nodes").GetArrayLength());
        Assert.Equal(6, Disruptions(run.Summary).Count);
        Assert.Equal(1, run.Summary.GetProperty("maxConcurrentDisruptions").GetInt32());
        AssertOneAfterTheOther(Disruptions(run.Summary));
    }

    [Fact]
    public async Task A_node_that_boots_its_old_version_stops_the_rollout_with_one_sentence()
    {
        var run = await DemoRun.StartAsync(
            ["--fault", "boots-old-version"], null, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 3, run.Errors);
        Assert.Matches(@"\S+ came back with v1\.\d+\.\d+, expected v1\.\d+\.\d+", run.LastSentence);
        Assert.Equal(2, Disruptions(run.Summary).Count);
    }

    [Theory]
    [InlineData("coordinator")]
    [InlineData("agent")]
    public async Task A_rollout_survives_that_a_part_is_killed_in_the_middle(string part)
    {
        var run = await DemoRun.StartAsync(["--kill", part], null, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.All(run.Summary.GetProperty("nodes").EnumerateArray(), node =>
            Assert.Equal(1, node.GetProperty("upgrades").GetInt32()));
        Assert.Equal(1, run.Summary.GetProperty("maxConcurrentDisruptions").GetInt32());
    }

    // A node that did not come back has no end: its disruption lasts.
    private static List<(DateTimeOffset Start, DateTimeOffset End)> Disruptions(JsonElement summary) =>
    [
        .. summary.GetProperty("rollout").GetProperty("steps").EnumerateArray().Select(step => (
            step.GetProperty("start").GetDateTimeOffset(),
            step.TryGetProperty("end", out var end) ? end.GetDateTimeOffset() : DateTimeOffset.MaxValue)),
    ];

    private static void AssertOneAfterTheOther(List<(DateTimeOffset Start, DateTimeOffset End)> disruptions)
    {
        disruptions.Sort();
        Assert.All(disruptions.Zip(disruptions.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.Start));
    }
}
