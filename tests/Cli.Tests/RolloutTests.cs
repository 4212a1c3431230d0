using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class RolloutTests
{
    [Fact]
    public async Task A_dry_run_prints_the_plan_and_starts_nothing()
    {
        await using var cli = await WithClusterAsync();

        var run = await cli.RunAsync("rollout", "start", "c1", "--image", "talos-v1.13.9", "--dry-run");

        Assert.Equal(
            """
            ORDER  NODE     ROLE          FROM     TO       NOTE
            1      c1-cp-1  ControlPlane  v1.13.8  v1.13.9
            Nothing was started (dry run).

            """,
            run.Output);
        Assert.Equal(0, cli.Fleet.Rollouts.Writes);
    }

    [Fact]
    public async Task Start_says_the_name_and_passes_the_strategy_on()
    {
        await using var cli = await WithClusterAsync();

        var run = await cli.RunAsync("rollout", "start", "c1", "--image", "i", "--node", "n1", "--soak", "90s");

        Assert.Equal("rollout/c1-i started\n", run.Output);
        var spec = cli.Fleet.Rollouts.Get("c1-i").Spec;
        Assert.Equal((90, "n1"), (spec.Strategy.Soak.Seconds, spec.Nodes.Single()));
    }

    [Fact]
    public async Task Watching_prints_each_change_and_ends_with_0_when_done()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Rollouts.Put(Samples.Rollout(RolloutState.Running, RolloutNodeState.Waiting));
        var watch = cli.Start("rollout", "watch", "up");

        Assert.Equal("2026-03-01T12:00:00Z rollout up Running, 0/1 nodes done", await watch.Output.NextAsync());
        cli.Fleet.Rollouts.Put(Samples.Rollout(RolloutState.Running, RolloutNodeState.InFlight, "drain"));
        Assert.Equal("2026-03-01T12:00:00Z c1-cp-1 InFlight drain", await watch.Output.NextAsync());
        cli.Fleet.Rollouts.Put(Samples.Rollout(RolloutState.Done, RolloutNodeState.Done));
        Assert.Equal("2026-03-01T12:00:00Z c1-cp-1 Done", await watch.Output.NextAsync());
        Assert.Equal("2026-03-01T12:00:00Z rollout up Done, 1/1 nodes done", await watch.Output.NextAsync());
        Assert.Equal(ExitCode.Ok, await watch.Code);
    }

    [Theory]
    [InlineData(
        RolloutState.Stopped,
        "Rollout up stopped after 0/1 nodes: c1-cp-1 runs v1.13.8, expected v1.13.9; `cozyfleet rollout resume up` goes on, `cozyfleet rollout abort up` ends it.\n")]
    [InlineData(RolloutState.Paused, "Rollout up is paused after 0/1 nodes; `cozyfleet rollout resume up` goes on.\n")]
    [InlineData(RolloutState.Aborted, "Rollout up was aborted after 0/1 nodes: c1-cp-1 runs v1.13.8, expected v1.13.9.\n")]
    public async Task A_rollout_that_did_not_finish_gives_3_and_one_sentence(RolloutState state, string sentence)
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Rollouts.Put(Samples.Rollout(state, RolloutNodeState.RolledBack, "verify", "c1-cp-1 runs v1.13.8, expected v1.13.9."));

        var run = await cli.RunAsync("rollout", "watch", "up");

        Assert.Equal((ExitCode.RolloutUnfinished, sentence), (run.Code, run.Error));
    }

    [Fact]
    public async Task Pause_resume_and_abort_say_what_happens()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Rollouts.Put(Samples.Rollout(RolloutState.Running, RolloutNodeState.Waiting));

        Assert.StartsWith("rollout/up pauses", (await cli.RunAsync("rollout", "pause", "up")).Output, StringComparison.Ordinal);
        Assert.Equal(RolloutState.Paused, cli.Fleet.Rollouts.Get("up").Status.State);
        Assert.Equal("rollout/up goes on\n", (await cli.RunAsync("rollout", "resume", "up")).Output);
        Assert.Equal(RolloutState.Running, cli.Fleet.Rollouts.Get("up").Status.State);
        Assert.StartsWith("rollout/up ends", (await cli.RunAsync("rollout", "abort", "up")).Output, StringComparison.Ordinal);
        Assert.Equal(RolloutState.Aborted, cli.Fleet.Rollouts.Get("up").Status.State);
    }

    private static async Task<Operator> WithClusterAsync()
    {
        var cli = await Operator.StartAsync();
        cli.Fleet.Clusters.Put(Samples.Cluster(ClusterPhase.Running, ready: true));
        return cli;
    }
}
