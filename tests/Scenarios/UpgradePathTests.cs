namespace Cozy.Fleet.Scenarios;

/// <summary>Upgrades between all kinds of releases, as `./fleet demo --talos FROM..TO` runs them.</summary>
public sealed class UpgradePathTests
{
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
}
