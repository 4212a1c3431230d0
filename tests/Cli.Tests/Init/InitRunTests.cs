using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests.Init;

public sealed class InitRunTests
{
    private const string One = "machines:\n- machine: node-a\n  role: controlplane\n";

    [Fact]
    public async Task From_a_file_of_answers_to_a_cluster_that_runs_and_its_credentials()
    {
        await using var cli = await WithRackAsync();
        var init = cli.Start(
            "cluster", "init", "c1", "--answers", cli.Write("a.yaml", One), "--directory", cli.Path("made"), "--yes", "--timeout", "10m");

        await init.Output.UntilAsync("node/node-a configured");
        await init.Output.UntilAsync("node/node-a accepted");
        await init.Output.UntilAsync("cluster/c1 created");
        var node = cli.Fleet.Nodes.Get("node-a").Spec;
        Assert.Equal(("c1-cp-1", "/dev/sda", AcceptanceState.Accepted), (node.Hostname, node.InstallDisk, node.Acceptance.State));
        cli.Fleet.Clusters.Put(Samples.Cluster(ClusterPhase.Running, ready: true));
        await init.Output.UntilAsync("2026-03-01T12:00:00Z cluster c1 Running, 1/1 ready");

        Assert.Equal(ExitCode.Ok, await init.Code);
        Assert.Equal(await File.ReadAllTextAsync(Machines.PathOf("one-node.yaml"), Cancellation), Made(cli, "cluster.yaml"));
        Assert.StartsWith("apiVersion: v1\nkind: Config\nclusters: [c1]", Made(cli, "kubeconfig"), StringComparison.Ordinal);
        Assert.Equal("context: c1\n# os:reader\n", Made(cli, "talosconfig"));
        foreach (var secret in new[] { "kubeconfig", "talosconfig" })
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(cli.Path($"made/{secret}")));
    }

    [Fact]
    public async Task Write_only_leaves_a_checked_file_and_changes_nothing()
    {
        await using var cli = await WithRackAsync();
        cli.Input = One;
        var writes = cli.Fleet.Nodes.Writes;

        var run = await cli.RunAsync("cluster", "init", "c1", "--answers", "-", "--directory", cli.Path("made"), "--write-only");

        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.EndsWith($"wrote {cli.Path("made/cluster.yaml")}\n", run.Output, StringComparison.Ordinal);
        Assert.Equal((writes, 0), (cli.Fleet.Nodes.Writes, cli.Fleet.Clusters.Writes));
        Assert.False(File.Exists(cli.Path("made/kubeconfig")));
        var applied = await cli.RunAsync("apply", "-f", cli.Path("made"));
        Assert.Equal("node/node-a configured\ncluster/c1 created\n", applied.Output);
    }

    [Fact]
    public async Task What_the_coordinator_refuses_is_known_before_anything_changes()
    {
        await using var cli = await WithRackAsync();
        cli.Fleet.Clusters.Check = _ => ("spec.endpoint", "'https://10.0.0.101:6443' is taken.");
        var writes = cli.Fleet.Nodes.Writes;

        var run = await InitAsync(cli, One);

        Assert.Equal(ExitCode.Refused, run.Code);
        Assert.Equal(
            "The coordinator refused 1 of 2 documents:\n"
            + "  DIR/made/cluster.yaml:16:13: spec.endpoint: 'https://10.0.0.101:6443' is taken.\n", run.Error);
        Assert.Equal(writes, cli.Fleet.Nodes.Writes);
    }

    [Fact]
    public async Task Answers_that_cannot_be_used_are_said_with_their_lines()
    {
        await using var cli = await WithRackAsync();

        var run = await InitAsync(cli, "image: none\n" + One.Replace("node-a", "node-x", StringComparison.Ordinal));
        var unknown = await InitAsync(cli, One + "  hostnam: cp\n");

        Assert.Equal((ExitCode.Usage, ExitCode.Usage), (run.Code, unknown.Code));
        Assert.Equal(
            """
            2 answers cannot be used:
              DIR/a.yaml:1:8: image: there is no image 'none': talos-v1.11.6, talos-v1.13.9
              DIR/a.yaml:3:12: machines[0].machine: rack r1 has no machine 'node-x'; free are node-a, node-b, node-c, node-d

            """, run.Error);
        Assert.Equal("The file has an error:\n  DIR/a.yaml:4:3: unknown key 'hostnam'; did you mean hostname?\n", unknown.Error);
    }

    [Fact]
    public async Task The_rack_is_asked_for_only_when_there_are_several()
    {
        await using var cli = await WithRackAsync();
        cli.Fleet.Racks.Put(new() { Metadata = new() { Name = "r2" } });

        var open = await InitAsync(cli, One);
        var wrong = await InitAsync(cli, "rack: r3\n" + One);
        var twice = await InitAsync(cli, "rack: r1\n" + One, "--rack", "r2");
        var other = await InitAsync(cli, One, "--rack", "r2");

        Assert.Contains("a.yaml:1:1: rack: is missing, and --rack is, too: r1, r2", open.Error, StringComparison.Ordinal);
        Assert.Contains("a.yaml:1:7: rack: there is no rack 'r3': r1, r2", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("rack: 'r1' is not the rack 'r2' of --rack", twice.Error, StringComparison.Ordinal);
        Assert.Contains("rack r2 has no machine 'node-a'; free are none", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_are_there_are_written_over_only_by_consent()
    {
        await using var cli = await WithRackAsync();
        string[] arguments =
            ["cluster", "init", "c1", "--answers", cli.Write("a.yaml", One), "--directory", cli.Path("made"), "--write-only"];
        cli.Write("made/cluster.yaml", "mine\n");

        var kept = await cli.RunAsync(arguments);
        Assert.Equal((ExitCode.Refused, "mine\n"), (kept.Code, Made(cli, "cluster.yaml")));
        Assert.Equal("DIR/made/cluster.yaml is there already: move it away, choose another --directory, or add --yes.\n", kept.Error);

        Assert.Equal(ExitCode.Ok, (await cli.RunAsync([.. arguments, "--yes"])).Code);
        Assert.Equal(ExitCode.Ok, (await cli.RunAsync(arguments)).Code);
    }

    [Fact]
    public async Task Where_nobody_can_be_asked_the_command_line_says_everything()
    {
        await using var cli = await WithRackAsync();

        var open = await cli.RunAsync("cluster", "init", "c1");
        var unsure = await cli.RunAsync("cluster", "init", "c1", "--answers", cli.Write("a.yaml", One));
        cli.Fleet.Clusters.Put(Samples.Cluster(ClusterPhase.Running, ready: true));
        var present = await InitAsync(cli, One);

        Assert.Equal((ExitCode.Usage, "Nobody can be asked here: give the answers with --answers FILE.\n"), (open.Code, open.Error));
        Assert.Equal(ExitCode.Usage, unsure.Code);
        Assert.Equal((ExitCode.Refused, "There is a cluster c1 already: `cozyfleet cluster wait c1` shows how it gets on.\n"),
            (present.Code, present.Error));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task<Outcome> InitAsync(Operator cli, string answers, params string[] more) => cli.RunAsync(
        ["cluster", "init", "c1", "--answers", cli.Write("a.yaml", answers), "--directory", cli.Path("made"), "--yes", .. more]);

    private static string Made(Operator cli, string file) => File.ReadAllText(cli.Path($"made/{file}"));

    private static async Task<Operator> WithRackAsync()
    {
        var cli = await Operator.StartAsync();
        cli.Fleet.Racks.Put(Machines.Rack);
        foreach (var image in Machines.Images)
            cli.Fleet.Images.Put(image);
        foreach (var node in Machines.Inventory.Nodes)
            cli.Fleet.Nodes.Put(node);
        return cli;
    }
}
