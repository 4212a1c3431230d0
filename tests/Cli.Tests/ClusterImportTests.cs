using System.Text;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class ClusterImportTests
{
    private static readonly string Pem = Convert.ToBase64String(Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"));

    private static readonly string Talosconfig =
        $"""
        context: prod
        contexts:
          prod:
            endpoints: [10.0.0.11, 10.0.0.12]
            nodes: [10.0.0.11, 10.0.0.21]
            ca: {Pem}
            crt: {Pem}
            key: {Pem}
          other:
            endpoints: [10.9.0.1]
            ca: {Pem}
            crt: {Pem}
            key: {Pem}
        """;

    [Fact]
    public async Task A_talosconfig_alone_names_the_nodes_and_they_say_the_rest()
    {
        await using var cli = await Operator.StartAsync();
        var file = cli.Write("talosconfig", Talosconfig);

        var run = await cli.RunAsync("cluster", "import", file, "--rack", "r1", "--image", "talos");

        Assert.Equal(
            """
            10.0.0.11 is node node-1
            10.0.0.12 is node node-2
            10.0.0.21 is node node-3
            cluster/prod imported from a talosconfig, only observed

            """, run.Output);
        var sent = cli.Fleet.Import!;
        Assert.Equal((Talosconfig, "prod", ""), (sent.Talosconfig, sent.TalosContext, sent.Secrets));
        Assert.All(sent.Members, member => Assert.Equal(Role.Unspecified, member.Role));
    }

    [Fact]
    public async Task Another_context_and_other_nodes_may_be_named()
    {
        await using var cli = await Operator.StartAsync();
        string[] import = ["cluster", "import", cli.Write("talosconfig", Talosconfig), "--rack", "r1", "--image", "talos"];

        await cli.RunAsync([.. import, "--talos-context", "other", "--name", "c9", "--node", "10.9.0.5", "--node", "10.9.0.6=worker"]);
        var unknown = await cli.RunAsync([.. import, "--talos-context", "none"]);

        var sent = cli.Fleet.Import!;
        Assert.Equal(("other", "c9"), (sent.TalosContext, sent.Cluster.Metadata.Name));
        Assert.Equal([("10.9.0.5", Role.Unspecified), ("10.9.0.6", Role.Worker)], sent.Members.Select(m => (m.Address, m.Role)));
        Assert.Equal((ExitCode.Usage,
            "DIR/talosconfig cannot be imported: the talosconfig has no context 'none'; choose one of 'prod', 'other'\n"),
            (unknown.Code, unknown.Error));
    }

    [Fact]
    public async Task A_directory_that_no_tool_left_is_refused()
    {
        await using var cli = await Operator.StartAsync();
        cli.Write("empty/notes.yaml", "a: b\n");

        var run = await cli.RunAsync("cluster", "import", cli.Path("empty"), "--rack", "r1", "--image", "talos");

        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.StartsWith("DIR/empty cannot be imported: None of controlplane.yaml (talosctl), ", run.Error, StringComparison.Ordinal);
        Assert.Null(cli.Fleet.Import);
    }
}
