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
    public async Task The_older_upgrade_protocol_takes_the_same_way()
    {
        var run = await DemoRun.StartAsync(
            ["--nodes", "4", "--talos", "v1.11.6..v1.12.3"], null, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(1, run.Summary.GetProperty("maxConcurrentDisruptions").GetInt32());
    }

    [Theory]
    [InlineData("v1.6.4..v1.9.5", 4)]
    [InlineData("v1.12.11..v1.14.0-rc.1", 2)]
    public async Task An_upgrade_over_several_minors_stops_at_the_last_patch_of_each(string versions, int rollouts)
    {
        var run = await DemoRun.StartAsync(["--nodes", "1", "--talos", versions], null, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(rollouts, run.Summary.GetProperty("rollouts").GetArrayLength());
        var node = Assert.Single(run.Summary.GetProperty("nodes").EnumerateArray());
        Assert.Equal(rollouts, node.GetProperty("upgrades").GetInt32());
        Assert.Equal(versions.Split("..")[1], node.GetProperty("talosVersion").GetString());
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
