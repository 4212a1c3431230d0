using System.Runtime.CompilerServices;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class ApplyTests
{
    [Fact]
    public async Task Documents_are_written_in_the_order_of_their_kinds_and_each_says_what_became_of_it()
    {
        await using var cli = await Operator.StartAsync();
        cli.Write("fleet/a.yaml", $"{Samples.ClusterYaml}\n---\n{Samples.RackYaml}\n");
        cli.Write("fleet/deeper/image.yml", Samples.ImageYaml);

        var first = await cli.RunAsync("apply", "-f", cli.Path("fleet"));

        Assert.Equal((ExitCode.Ok, "image/talos-v1.13.8 created\nrack/r1 created\ncluster/c1 created\n", ""),
            (first.Code, first.Output, first.Error));
        Assert.Equal(10_000_000_000UL, cli.Fleet.Clusters.Get("c1").Spec.Install.MinimumSizeBytes);
        Assert.Equal(AssetKind.Kernel, cli.Fleet.Images.Get("talos-v1.13.8").Spec.Assets.Single().Kind);
    }

    [Fact]
    public async Task The_examples_can_be_applied()
    {
        await using var cli = await Operator.StartAsync();

        var run = await cli.RunAsync("apply", "-f", Examples());

        Assert.Equal((ExitCode.Ok, "image/talos-v1.13.8 created\nrack/r1 created\ncluster/c1 created\n", ""),
            (run.Code, run.Output, run.Error));
    }

    private static string Examples([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../deploy/examples"));

    [Fact]
    public async Task A_second_apply_changes_nothing_and_a_changed_file_configures()
    {
        await using var cli = await Operator.StartAsync();
        var file = cli.Write("rack.yaml", Samples.RackYaml);
        await cli.RunAsync("apply", "-f", file);

        Assert.Equal("rack/r1 unchanged\n", (await cli.RunAsync("apply", "-f", file)).Output);
        cli.Write("rack.yaml", Samples.RackYaml.Replace("hall: a", "hall: b", StringComparison.Ordinal));
        Assert.Equal("rack/r1 configured\n", (await cli.RunAsync("apply", "-f", file)).Output);
        Assert.Equal("b", cli.Fleet.Racks.Get("r1").Metadata.Labels["hall"]);
    }

    [Fact]
    public async Task Standard_input_is_a_file_called_dash_and_a_dry_run_writes_nothing()
    {
        await using var cli = await Operator.StartAsync();
        cli.Input = Samples.RackYaml;

        var run = await cli.RunAsync("apply", "-f", "-", "--dry-run");

        Assert.Equal("rack/r1 created (dry run)\n", run.Output);
        Assert.Equal(0, cli.Fleet.Racks.Writes);
    }

    [Fact]
    public async Task What_get_prints_as_yaml_can_be_applied_again()
    {
        await using var cli = await Operator.StartAsync();
        await cli.RunAsync("apply", "-f", cli.Write("c.yaml", Samples.ClusterYaml));
        var printed = await cli.RunAsync("get", "cluster", "c1", "-o", "yaml");

        var again = await cli.RunAsync("apply", "-f", cli.Write("again.yaml", printed.Output));

        Assert.Equal((ExitCode.Ok, "cluster/c1 unchanged\n", ""), (again.Code, again.Output, again.Error));
    }

    [Fact]
    public async Task All_errors_of_all_documents_are_said_at_once_with_their_places()
    {
        await using var cli = await Operator.StartAsync();
        var first = cli.Write("1.yaml", """
            apiVersion: cozy.fleet/v1
            kind: Image
            metadata:
              nam: x
            spec:
              talos_version: v1.13.8
              assets:
                - kind: KERNEL
                  sha256: [a]
            ---
            apiVersion: cozy.fleet/v2
            kind: Rak
            """);
        var second = cli.Write("2.yaml", """
            apiVersion: cozy.fleet/v1
            kind: Rollout
            metadata: {name: up}
            spec:
              cluster: c1
              strategy: {soak: 30, allowControlPlaneDowntime: yes}
              nodes: n1
            """);

        var run = await cli.RunAsync("apply", "-f", first, "-f", second);

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Equal("", run.Output);
        Assert.Equal(
            """
            The files have 10 errors:
              DIR/1.yaml:4:3: unknown key 'nam'; did you mean name?
              DIR/1.yaml:6:3: unknown key 'talos_version'; did you mean talosVersion?
              DIR/1.yaml:8:13: spec.assets[0].kind: 'KERNEL' is none of ASSET_KIND_KERNEL, ASSET_KIND_INITRAMFS; did you mean ASSET_KIND_KERNEL?
              DIR/1.yaml:9:15: spec.assets[0].sha256: must be one value, not a map or a list
              DIR/1.yaml:4:3: metadata.name is missing
              DIR/1.yaml:11:13: apiVersion must be cozy.fleet/v1
              DIR/1.yaml:12:7: unknown kind 'Rak'; did you mean Rack?
              DIR/2.yaml:6:20: spec.strategy.soak: '30' is not a duration in seconds such as 30s or 1.5s
              DIR/2.yaml:6:51: spec.strategy.allowControlPlaneDowntime: 'yes' is neither true nor false
              DIR/2.yaml:7:10: spec.nodes: must be a list

            """,
            run.Error);
    }

    [Fact]
    public async Task What_is_not_yaml_or_described_twice_is_refused()
    {
        await using var cli = await Operator.StartAsync();
        var broken = await cli.RunAsync("apply", "-f", cli.Write("b.yaml", "kind: [\n"));
        var twice = await cli.RunAsync("apply", "-f", cli.Write("t.yaml", $"{Samples.RackYaml}\n---\n{Samples.RackYaml}"));
        var missing = await cli.RunAsync("apply", "-f", cli.Path("nothing.yaml"));

        Assert.Equal((ExitCode.Usage, ExitCode.Usage, ExitCode.Usage), (broken.Code, twice.Code, missing.Code));
        Assert.Contains("DIR/b.yaml:2:", broken.Error, StringComparison.Ordinal);
        Assert.Contains("DIR/t.yaml:10:1: rack/r1 is also described at DIR/t.yaml:1:1", twice.Error, StringComparison.Ordinal);
        Assert.Contains("nothing.yaml: there is no such file or directory", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_coordinator_refuses_is_said_with_the_place_and_the_rest_is_written()
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Clusters.Check = cluster => ("spec.kubernetes_version", "'v1.36.3' is too new for Talos v1.13.8.");
        var file = cli.Write("f.yaml", $"{Samples.ClusterYaml}\n---\n{Samples.RackYaml}");

        var run = await cli.RunAsync("apply", "-f", file);

        Assert.Equal((ExitCode.Refused, "rack/r1 created\n"), (run.Code, run.Output));
        Assert.Equal(
            """
            The coordinator refused 1 of 2 documents:
              DIR/f.yaml:7:22: spec.kubernetesVersion: 'v1.36.3' is too new for Talos v1.13.8.

            """,
            run.Error);
    }

    [Fact]
    public async Task Nodes_are_changed_but_never_made_and_rollouts_are_made_but_never_changed()
    {
        await using var cli = await Operator.StartAsync();
        const string NodeYaml = "{apiVersion: cozy.fleet/v1, kind: Node, metadata: {name: n1}, spec: {hostname: h}}";
        const string RolloutYaml = "{apiVersion: cozy.fleet/v1, kind: Rollout, metadata: {name: up}, spec: {cluster: c1, talosUpgrade: {image: i}}}";
        cli.Fleet.Clusters.Put(Samples.Cluster(ClusterPhase.Running, ready: true));
        var (node, rollout) = (cli.Write("n.yaml", NodeYaml), cli.Write("r.yaml", RolloutYaml));

        var absent = await cli.RunAsync("apply", "-f", node);
        cli.Fleet.Nodes.Put(Samples.Node("n1", NodePhase.Accepted));
        var present = await cli.RunAsync("apply", "-f", node);
        var made = await cli.RunAsync("apply", "-f", rollout);
        var same = await cli.RunAsync("apply", "-f", rollout);
        cli.Write("r.yaml", RolloutYaml.Replace("image: i", "image: j", StringComparison.Ordinal));
        var changed = await cli.RunAsync("apply", "-f", rollout);

        Assert.Contains("there is no node 'n1'", absent.Error, StringComparison.Ordinal);
        Assert.Equal(("node/n1 configured\n", "rollout/up created\n", "rollout/up unchanged\n"),
            (present.Output, made.Output, same.Output));
        Assert.Equal(ExitCode.Refused, changed.Code);
        Assert.Contains("DIR/r.yaml:1:1: rollout/up is there already", changed.Error, StringComparison.Ordinal);
    }
}
