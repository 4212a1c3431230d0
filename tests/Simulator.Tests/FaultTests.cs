using Cozy.Fleet.Simulator.Commands;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Simulator.Tests;

public sealed class FaultTests
{
    private const string Next = "factory.example/installer:v1.14.1";

    [Fact]
    public async Task Install_fails_once_and_leaves_the_disk_as_it_was()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9", Fault.InstallFails);
        var before = rack.Machines[0].Disk.Current;

        var result = await InstallAsync(rack);

        Assert.Equal((TalosFailure.Permanent, 6), (result.Failure, result.ExitCode));
        Assert.Equal((before, 0), (rack.Machines[0].Disk.Current, rack.Machines[0].Counters.Upgrades));
        Assert.Equal(TalosFailure.None, (await InstallAsync(rack)).Failure);
    }

    [Fact]
    public async Task Boots_old_version_comes_back_from_the_other_slot()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9", Fault.BootsOldVersion);
        await InstallAsync(rack);

        await TestRack.Operate(rack.Secure(0)).RebootAsync();
        await rack.UntilAsync(0, "ready", 2);

        Assert.Equal("v1.13.9", (await TestRack.Read(rack.Secure(0)).ViewAsync()).Version);
    }

    [Fact]
    public async Task Never_returns_goes_down_and_is_not_heard_of_again()
    {
        await using var rack = await UpgradeTests.RunningAsync("v1.13.9", Fault.NeverReturns);
        await InstallAsync(rack);

        await TestRack.Operate(rack.Secure(0)).RebootAsync();
        await rack.UntilAsync(0, "down");

        var result = await TestRack.Operate(rack.Secure(0)).RebootAsync();
        Assert.True(result.Failure == TalosFailure.Transient, result.ToString());
        Assert.Contains("refused", await rack.Secure(0).ExplainAsync(TestRack.Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_boot_takes_eight_times_as_long()
    {
        await using var slow = new TestRack("v1.13.9", 1, Fault.SlowBoot);
        await using var quick = new TestRack("v1.13.9", 1);

        var took = await BootTimeAsync(slow);

        Assert.InRange(took, TimeSpan.FromSeconds(120.0 / 200), TimeSpan.MaxValue);
        Assert.True(await BootTimeAsync(quick) < took);
    }

    [Fact]
    public async Task Api_flaps_cuts_connections_after_a_boot_and_settles()
    {
        await using var rack = new TestRack("v1.13.9", 1, Fault.ApiFlaps);

        await rack.BringUpAsync(controlPlanes: 1);

        // The way here led through cut connections; the node is well all the same.
        TalosView? view = null;
        while (view is null)
            view = await TryViewAsync(rack);
        Assert.True(view is { Stage: 4, Ready: true });
    }

    [Theory]
    [InlineData("install-fails", Fault.InstallFails)]
    [InlineData("boots-old-version", Fault.BootsOldVersion)]
    [InlineData("never-returns", Fault.NeverReturns)]
    [InlineData("slow-boot", Fault.SlowBoot)]
    [InlineData("api-flaps", Fault.ApiFlaps)]
    public void Every_fault_has_a_name(string name, Fault fault) => Assert.Equal(fault, FaultNames.Parse(name));

    [Fact]
    public void A_fault_strikes_all_machines_or_the_one_that_is_named()
    {
        var faults = FaultNames.Parse(["slow-boot", "never-returns@2", "api-flaps@m3"], 3);

        Assert.Equal([Fault.SlowBoot, Fault.NeverReturns, Fault.ApiFlaps], Enumerable.Range(1, 3).Select(n => faults[n]));
    }

    [Theory]
    [InlineData("burns", "There is no fault 'burns'; there are install-fails, boots-old-version, never-returns, slow-boot, api-flaps.")]
    [InlineData("slow-boot@7", "There is no machine '7'; there are m1 to m3.")]
    public void What_is_unknown_is_refused_with_what_there_is(string text, string message) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() => FaultNames.Parse([text], 3)).Message);

    private static async Task<TalosResult> InstallAsync(TestRack rack)
    {
        var node = TestRack.Operate(rack.Secure(0));
        await node.PullAsync(Next, _ => { });
        return await node.InstallUpgradeAsync(Next, _ => { });
    }

    private static async Task<TimeSpan> BootTimeAsync(TestRack rack)
    {
        var maintenance = await rack.UntilAsync(0, "maintenance");
        return maintenance.Time - (await rack.UntilAsync(0, "netboot")).Time;
    }

    private static async Task<TalosView?> TryViewAsync(TestRack rack)
    {
        try
        {
            return await TestRack.Read(rack.Secure(0)).ViewAsync();
        }
        catch (Grpc.Core.RpcException)
        {
            return null;
        }
    }
}
