using Cozy.Fleet.Talos;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>What our client hears of a node that it watches, at releases with and without each source.</summary>
public sealed class TalosWatchTests
{
    // Up to 1.12 maintenance mode has no event stream, up to 1.7 no resources for disks (talos.md 3.2, 2.2).
    [Theory]
    [InlineData("v1.6.8")]
    [InlineData("v1.12.11")]
    [InlineData("v1.13.9")]
    public async Task In_maintenance_it_hears_of_the_installation_whatever_the_release_lacks(string version)
    {
        // Each source has its own stream, so any of them may be the first to speak.
        const string Disk = "Disks.block.talos.dev/vda";
        var hasDisks = version != "v1.6.8";
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");
        var told = new List<TalosChange>();
        await ReadAsync(rack.Maintenance(0), async change =>
        {
            if (change.IsBegin)
                await ResourceWatchTests.ConfigureAsync(rack);
            told.Add(change);
            var installs = told.SkipWhile(t => !t.IsBegin).Any(t => t.Subject == "MachineStatuses.runtime.talos.dev/machine");
            return !installs || hasDisks != told.Exists(t => t.Subject == Disk);
        });

        Assert.Equal(hasDisks, told.Exists(change => change.Subject == Disk));
        Assert.DoesNotContain(told, change => change.IsFailure);
    }

    [Theory]
    [InlineData("v1.6.8")]
    [InlineData("v1.13.9")]
    public async Task A_node_that_becomes_ready_says_so_in_events_and_in_resources(string version)
    {
        await using var rack = new TestRack(version, 1);
        await rack.UntilAsync(0, "maintenance");
        await ResourceWatchTests.ConfigureAsync(rack);
        await rack.UntilAsync(0, "diskboot");
        await ResourceWatchTests.AnsweredAsync(() => TestRack.Read(rack.Secure(0)).ViewAsync());
        var told = new List<TalosChange>();
        await ReadAsync(rack.Secure(0, "os:reader"), async change =>
        {
            if (change.IsBegin)
                await rack.BootstrapAsync(0);
            told.Add(change);
            return !(told.Exists(t => t.Text == "Running, ready")
                && told.Exists(t => t.Subject == "NodeStatuses.kubernetes.talos.dev/node-0"));
        });

        Assert.Contains(told, change => change.Text == "sequence boot stop");
        Assert.Contains(told, change => change.Subject == "EtcdMembers.etcd.talos.dev/local");
        Assert.DoesNotContain(told, change => change.IsFailure);
    }

    [Fact]
    public async Task What_is_there_is_told_once()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9");
        var told = new List<string>();
        await ReadAsync(rack.Secure(0, "os:reader"), change =>
        {
            told.Add(change.Subject);
            return Task.FromResult(told.Count < 8);
        });

        Assert.Equal(
            [
                "", "Disks.block.talos.dev/vda", "EtcdMembers.etcd.talos.dev/local", "LinkStatuses.net.talos.dev/eth0",
                "LinkStatuses.net.talos.dev/lo", "MachineStatuses.runtime.talos.dev/machine",
                "NodeStatuses.kubernetes.talos.dev/node-0", "SystemDisks.block.talos.dev/system-disk",
            ],
            told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reboot_is_no_failure_and_ends_the_watch()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9");
        var told = new List<TalosChange>();
        var end = await Record.ExceptionAsync(() => ReadAsync(rack.Secure(0, "os:reader"), async change =>
        {
            if (change.IsBegin)
                await TestRack.Operate(rack.Secure(0)).RebootAsync();
            told.Add(change);
            return true;
        }));

        // The node closes its events in good order, and the connection breaks: either may come first.
        Assert.True(end is null or RpcException, end?.ToString());
        Assert.DoesNotContain(told, change => change.IsFailure);
    }

    [Fact]
    public async Task Another_clusters_credentials_hear_nothing()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9");
        var stranger = MachineConfig.SecretsBundle.Generate(new(1, 13, 0), TimeProvider.System.GetUtcNow());

        await Assert.ThrowsAsync<RpcException>(() => ReadAsync(
            rack.Secure(0, "os:reader", issuer: stranger, trusted: TestRack.Secrets), _ => Task.FromResult(true)));
    }

    private static async Task ReadAsync(TalosConnection connection, Func<TalosChange, Task<bool>> goOn)
    {
        await foreach (var change in new TalosWatch(connection).ReadAsync(TestRack.Cancellation))
        {
            if (!await goOn(change))
                return;
        }
    }
}
