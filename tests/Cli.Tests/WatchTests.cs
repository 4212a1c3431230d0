using System.Text.Json.Nodes;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class WatchTests
{
    [Fact]
    public async Task Json_is_one_resource_a_line_and_interrupting_ends_with_0()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Netbooting));
        var watch = cli.Start("watch", "nodes", "-o", "json");

        Assert.Equal(("n1", "NODE_PHASE_NETBOOTING"), Phase(await watch.Output.NextAsync()));
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Maintenance));
        Assert.Equal(("n1", "NODE_PHASE_MAINTENANCE"), Phase(await watch.Output.NextAsync()));
        cli.Fleet.Nodes.Delete("n1");
        Assert.True(JsonNode.Parse(await watch.Output.NextAsync())!["deleted"]!.GetValue<bool>());
        Assert.Equal(ExitCode.Ok, await watch.InterruptAsync());
    }

    [Fact]
    public async Task A_watch_that_breaks_off_goes_on_where_it_was()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Netbooting));
        var watch = cli.Start("watch", "nodes", "-o", "json");
        await watch.Output.NextAsync();
        cli.Fleet.Nodes.Put(Samples.Node("n2", NodePhase.Netbooting));
        await watch.Output.NextAsync();

        cli.Fleet.Nodes.DropWatches();
        Assert.Equal("The watch broke off; trying to go on where it was.", await watch.Error.NextAsync());
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Maintenance));

        Assert.Equal(("n1", "NODE_PHASE_MAINTENANCE"), Phase(await watch.Output.NextAsync()));
        Assert.Equal(["", "2"], cli.Fleet.Nodes.ResumeTokens);
        Assert.Equal(ExitCode.Ok, await watch.InterruptAsync());
    }

    [Fact]
    public async Task When_the_place_is_forgotten_the_whole_picture_comes_again_and_what_vanished_is_deleted()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Netbooting));
        cli.Fleet.Nodes.Put(Samples.Node("n2", NodePhase.Netbooting));
        var watch = cli.Start("watch", "nodes", "--filter", "status.rack = r1");
        await watch.Output.NextAsync();
        await watch.Output.NextAsync();
        cli.Fleet.Nodes.Put(Samples.Node("n2", NodePhase.Maintenance));
        await watch.Output.NextAsync();

        // n1 leaves the filter without a word: the double does not say Deleted, only the new picture lacks it.
        cli.Fleet.Nodes.Put(new() { Metadata = new() { Name = "n1" } });
        cli.Fleet.Nodes.Forget();
        cli.Fleet.Nodes.DropWatches();

        Assert.StartsWith("2026-03-01T12:00:00Z node/n2 added: phase Maintenance, rack r1", await watch.Output.NextAsync(),
            StringComparison.Ordinal);
        Assert.Equal("2026-03-01T12:00:00Z node/n1 deleted", await watch.Output.NextAsync());
        Assert.Equal(ExitCode.Ok, await watch.InterruptAsync());
    }

    [Fact]
    public async Task A_terminal_shows_one_table_that_stays_in_place()
    {
        await using var cli = await Operator.StartAsync(isInteractive: true);
        cli.Fleet.Clusters.Put(Samples.Cluster(ClusterPhase.Running, ready: true));

        var run = await cli.RunAsync("cluster", "wait", "c1");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("c1-cp-1", run.Output, StringComparison.Ordinal);
        Assert.Contains("cluster c1 Running, 1/1 ready", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_go_on_after_what_was_listed()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Events.Add(new() { Time = Samples.Ago(TimeSpan.Zero), Subject = "racks/r1", Reason = "One", Message = "First." });
        var watch = cli.Start("events", "--watch");

        Assert.Equal("2026-03-01T12:00:00Z racks/r1 One: First.", await watch.Output.NextAsync());
        cli.Fleet.Events.Add(new()
        {
            Time = Samples.Ago(TimeSpan.Zero), Severity = EventSeverity.Warning, Subject = "racks/r1", Reason = "Two", Message = "Second.",
        });
        Assert.Equal("2026-03-01T12:00:00Z Warning racks/r1 Two: Second.", await watch.Output.NextAsync());
        Assert.Equal(ExitCode.Ok, await watch.InterruptAsync());
    }

    private static (string Name, string Phase) Phase(string line)
    {
        var resource = JsonNode.Parse(line)!;
        return (resource["metadata"]!["name"]!.GetValue<string>(), resource["status"]!["phase"]!.GetValue<string>());
    }
}
