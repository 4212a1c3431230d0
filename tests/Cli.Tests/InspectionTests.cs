using System.Security.Cryptography;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Tests.Doubles;

namespace Cozy.Fleet.Cli.Tests;

public sealed class InspectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_log_is_shown_as_it_is_but_does_not_steer_the_terminal()
    {
        await using var cli = await Operator.StartAsync();
        Assert.Equal(new Outcome(ExitCode.Ok, "kubelet 5 \u00fc  [2J\n", ""),
            await cli.RunAsync("node", "logs", "n1", "kubelet", "--tail", "5"));
        Assert.Equal("kern: n1 is up\n", (await cli.RunAsync("node", "dmesg", "n1")).Output);
        Assert.Equal("kern: n1 was up\n", (await cli.RunAsync("node", "dmesg", "n1", "--kept")).Output);
    }

    [Fact]
    public async Task Following_ends_with_Ctrl_C()
    {
        await using var cli = await Operator.StartAsync();
        var follow = cli.Start("node", "logs", "n1", "etcd", "-f");
        Assert.Equal("etcd 0 \u00fc  [2J", await follow.Output.NextAsync());
        Assert.Equal(ExitCode.Ok, await follow.InterruptAsync());
    }

    [Fact]
    public async Task Services_are_a_table()
    {
        await using var cli = await Operator.StartAsync();
        Assert.Equal(
            """
            SERVICE  STATE    HEALTHY  MESSAGE
            etcd     Running  no       no leader
            udevd    Running

            """,
            (await cli.RunAsync("node", "services", "n1")).Output);
    }

    [Fact]
    public async Task A_support_archive_is_a_file_of_its_owner_alone()
    {
        await using var cli = await Operator.StartAsync();
        await cli.RunAsync("node", "support", "n1", "-o", cli.Path("n1.zip"));
        Assert.Equal("zip of n1", await File.ReadAllTextAsync(cli.Path("n1.zip"), Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(cli.Path("n1.zip")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task A_snapshot_is_checked_against_the_sum_that_it_ends_with(int bytes)
    {
        await using var cli = await Operator.StartAsync();
        cli.Fleet.Snapshot = RandomNumberGenerator.GetBytes(bytes);
        var file = cli.Path("etcd.snapshot");

        var run = await cli.RunAsync("cluster", "snapshot", "c1", "-o", file);

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.EndsWith("readable by you alone; its SHA-256 is right.\n", run.Output, StringComparison.Ordinal);
        byte[] whole = [.. cli.Fleet.Snapshot, .. SHA256.HashData(cli.Fleet.Snapshot)];
        Assert.Equal(whole, await File.ReadAllBytesAsync(file, Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task A_snapshot_that_lost_its_end_is_refused_and_an_older_one_stays(int lost)
    {
        await using var cli = await Operator.StartAsync();
        (cli.Fleet.Snapshot, cli.Fleet.SnapshotCut) = ([1, 2, 3, 4, 5, 6, 7, 8, 9], lost);
        var file = cli.Write("etcd.snapshot", "older");

        var run = await cli.RunAsync("cluster", "snapshot", "c1", "-o", file);

        Assert.Equal((ExitCode.Refused,
            "The snapshot is damaged: its SHA-256 is not the one that it ends with. Nothing was written; try again.\n"),
            (run.Code, run.Error));
        Assert.Equal("older", await File.ReadAllTextAsync(file, Token));
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!, "etcd*"));
    }
}
