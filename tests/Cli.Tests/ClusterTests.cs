using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests;

public sealed class ClusterTests
{
    [Fact]
    public async Task A_kubeconfig_goes_to_standard_output_as_it_is()
    {
        await using var cli = await WithClusterAsync(ClusterPhase.Running, ready: true);
        var run = await cli.RunAsync("cluster", "kubeconfig", "c1", "--ttl", "2h");
        Assert.Equal("apiVersion: v1\nkind: Config\nclusters: [c1]\n# 7200\n", run.Output);
    }

    [Fact]
    public async Task A_file_with_credentials_is_readable_by_its_owner_alone_even_when_it_was_there()
    {
        await using var cli = await WithClusterAsync(ClusterPhase.Running, ready: true);
        var file = cli.Write("talosconfig", "old");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        var run = await cli.RunAsync("cluster", "talosconfig", "c1", "--role", "os:admin", "-o", file);

        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Output));
        Assert.Equal("context: c1\n# os:admin\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Waiting_prints_what_changes_until_the_cluster_runs()
    {
        await using var cli = await WithClusterAsync(ClusterPhase.Bootstrapping, ready: false);
        var wait = cli.Start("cluster", "wait", "c1", "--timeout", "10m");

        Assert.Equal("2026-03-01T12:00:00Z c1-cp-1 Running, Talos v1.13.8", await wait.Output.NextAsync());
        Assert.Equal(
            "2026-03-01T12:00:00Z cluster c1 Bootstrapping, 0/1 ready, waits for etcd has 1 healthy member; seen: none",
                await wait.Output.NextAsync());
        cli.Fleet.Clusters.Put(Samples.Cluster(ClusterPhase.Running, ready: true));
        Assert.Equal("2026-03-01T12:00:00Z c1-cp-1 Running, ready, Talos v1.13.8", await wait.Output.NextAsync());
        Assert.Equal("2026-03-01T12:00:00Z cluster c1 Running, 1/1 ready", await wait.Output.NextAsync());
        Assert.Equal(ExitCode.Ok, await wait.Code);
    }

    [Fact]
    public async Task When_the_time_is_up_the_sentence_says_what_is_waited_for()
    {
        await using var cli = await WithClusterAsync(ClusterPhase.Bootstrapping, ready: false);

        var run = await cli.RunAsync("cluster", "wait", "c1", "--timeout", "1s");

        Assert.Equal(
            (ExitCode.Timeout, "After 1s the cluster c1 is still Bootstrapping; it waits for etcd has 1 healthy member; seen: none.\n"),
            (run.Code, run.Error));
    }

    private static async Task<Operator> WithClusterAsync(ClusterPhase phase, bool ready)
    {
        var cli = await Operator.StartAsync();
        cli.Fleet.Clusters.Put(Samples.Cluster(phase, ready));
        return cli;
    }
}
