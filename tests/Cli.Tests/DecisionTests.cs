using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class DecisionTests
{
    [Fact]
    public async Task A_token_is_the_last_line_alone_and_is_listed_without_its_secret()
    {
        await using var cli = await Operator.StartAsync();

        var made = await cli.RunAsync("token", "create", "--rack", "r1", "--ttl", "30m");
        await cli.RunAsync("token", "create", "--rack", "r2");
        var revoked = await cli.RunAsync("token", "revoke", "t2");
        var listed = await cli.RunAsync("token", "list");

        Assert.Equal("cozy1.t1.secret.pin\n", made.Output);
        Assert.Equal("token/t2 revoked\n", revoked.Output);
        Assert.Equal(
            """
            ID  RACK  STATE    EXPIRES               AGE
            t1  r1    usable   2026-03-01T12:30:00Z  0s
            t2  r2    revoked  2026-03-01T13:00:00Z  0s

            """,
            listed.Output);
    }

    [Fact]
    public async Task Nodes_are_accepted_and_rejected_by_name()
    {
        await using var cli = await WithNodesAsync();

        Assert.Equal("node/n1 accepted\nnode/n2 accepted\n", (await cli.RunAsync("node", "accept", "n1", "n2")).Output);
        Assert.Equal(AcceptanceState.Accepted, cli.Fleet.Nodes.Get("n2").Spec.Acceptance.State);
        Assert.Equal("node/n2 rejected\n", (await cli.RunAsync("node", "reject", "n2")).Output);
        Assert.Equal(AcceptanceState.Rejected, cli.Fleet.Nodes.Get("n2").Spec.Acceptance.State);
    }

    [Fact]
    public async Task Flags_of_a_node_change_without_touching_the_rest()
    {
        await using var cli = await WithNodesAsync();

        await cli.RunAsync("node", "lock", "n1");
        await cli.RunAsync("node", "pause", "n1");
        var (locked, paused) = (cli.Fleet.Nodes.Get("n1").Spec.Locked, cli.Fleet.Nodes.Get("n1").Spec.Paused);
        await cli.RunAsync("node", "unlock", "n1");

        Assert.True(locked && paused);
        Assert.False(cli.Fleet.Nodes.Get("n1").Spec.Locked);
        Assert.True(cli.Fleet.Nodes.Get("n1").Spec.Paused);
        Assert.Equal(AcceptanceState.Pending, cli.Fleet.Nodes.Get("n1").Spec.Acceptance.State);
    }

    [Fact]
    public async Task A_quarantine_is_cleared_by_a_person()
    {
        await using var cli = await WithNodesAsync();
        Assert.Equal("node/n1 cleared\n", (await cli.RunAsync("node", "clear-quarantine", "n1")).Output);
        Assert.Equal("node/n1 is wiped by its next network boot\n", (await cli.RunAsync("node", "wipe", "n1")).Output);
        Assert.Equal("", cli.Fleet.Nodes.Get("n1").Status.QuarantineReason);
    }

    [Fact]
    public async Task Racks_are_deleted_and_nodes_are_not()
    {
        await using var cli = await WithNodesAsync();
        await cli.RunAsync("apply", "-f", cli.Write("r.yaml", Samples.RackYaml));

        Assert.Equal("rack/r1 deleted\n", (await cli.RunAsync("delete", "rack", "r1")).Output);
        Assert.Equal(ExitCode.Refused, (await cli.RunAsync("get", "rack", "r1")).Code);
        Assert.Equal(ExitCode.Usage, (await cli.RunAsync("delete", "node", "n1")).Code);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("token", "create", "--rack", "r1", "--ttl", "soon")]
    [InlineData("get", "racks", "-o", "xml")]
    [InlineData("frobnicate")]
    public async Task A_wrong_command_line_is_one_sentence_that_points_to_the_help(params string[] arguments)
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync(arguments);

        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Output));
        Assert.EndsWith("--help`.\n", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Help_tells_the_exit_codes_and_the_version_needs_no_coordinator()
    {
        await using var cli = await Operator.StartAsync();
        cli.Environment.Clear();

        Assert.Contains("4 the coordinator cannot be reached", (await cli.RunAsync("--help"))
            .Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal(new Outcome(ExitCode.Ok, "cozyfleet 0.1.0\n", ""), await cli.RunAsync("version"));
    }

    private static async Task<Operator> WithNodesAsync()
    {
        var cli = await Operator.StartAsync();
        var failed = Samples.Node("n1", NodePhase.PendingAcceptance);
        failed.Status.QuarantineReason = "It fell back to v1.13.8.";
        cli.Fleet.Nodes.Put(failed);
        cli.Fleet.Nodes.Put(Samples.Node("n2", NodePhase.PendingAcceptance));
        return cli;
    }
}
