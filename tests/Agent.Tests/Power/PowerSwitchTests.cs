using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Power;

public sealed class PowerSwitchTests
{
    private static readonly PowerOptions Quick = new()
    {
        Poll = TimeSpan.FromMilliseconds(1), Grace = TimeSpan.FromMilliseconds(100), Limit = TimeSpan.FromMilliseconds(500),
    };

    public static TheoryData<PowerState, PowerAction, bool, string, string> Ways => new()
    {
        { PowerState.Off, PowerAction.On, false, "On", "it was off, and is on now" },
        { PowerState.On, PowerAction.On, false, "", "it is on already" },
        { PowerState.Off, PowerAction.Off, false, "", "it is off already" },
        { PowerState.On, PowerAction.Off, false, "SoftOff", "it went down by itself, and is off" },
        { PowerState.On, PowerAction.Off, true, "HardOff", "it was switched off" },
        { PowerState.On, PowerAction.Cycle, false, "SoftOff On", "it went down by itself, and is off, and is on again" },
        { PowerState.On, PowerAction.Cycle, true, "Cycle", "it was cycled, and is on" },
        { PowerState.Off, PowerAction.Cycle, true, "On", "it was off, and is on now" },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task Each_action_is_what_the_machine_needs_to_get_there(PowerState state, PowerAction action,
        bool force, string told, string said)
    {
        var bmc = new BmcDouble { State = state, Slow = 3 };

        Assert.Equal(said, await RunAsync(bmc, new() { Action = action, Force = force }));
        Assert.Equal(told, string.Join(' ', bmc.Told));
    }

    [Theory]
    [InlineData(PowerState.TurningOff, PowerState.Off, "On")]
    [InlineData(PowerState.TurningOn, PowerState.On, "")]
    public async Task A_machine_on_its_way_is_waited_for_before_anything_is_decided(PowerState way, PowerState end, string told)
    {
        var bmc = new BmcDouble { State = way };
        var turning = RunAsync(bmc, new() { Action = PowerAction.On });
        bmc.State = end;
        await turning;

        Assert.Equal(told, string.Join(' ', bmc.Told));
    }

    [Fact]
    public async Task A_system_that_hangs_is_switched_off_when_its_time_is_over()
    {
        var bmc = new BmcDouble { State = PowerState.On, Hangs = true };

        Assert.Equal("it did not go down by itself, and was switched off", await RunAsync(bmc, new() { Action = PowerAction.Off }));
        Assert.Equal("SoftOff HardOff", string.Join(' ', bmc.Told));
    }

    [Fact]
    public async Task A_bmc_that_knows_neither_soft_off_nor_cycle_gets_there_with_what_it_knows()
    {
        var bmc = new BmcDouble { State = PowerState.On, Unknown = [PowerPush.SoftOff, PowerPush.Cycle] };

        Assert.Equal("it was cycled, and is on", await RunAsync(bmc, new() { Action = PowerAction.Cycle, Force = true }));
        Assert.Equal("HardOff On", string.Join(' ', bmc.Told));
    }

    [Fact]
    public async Task The_next_start_is_told_right_before_it()
    {
        var bmc = new BmcDouble { State = PowerState.On };
        var said = await RunAsync(bmc, new() { Action = PowerAction.Cycle, NextBoot = NextBoot.Network, Uefi = true });

        Assert.Equal("SoftOff, Network uefi, On", string.Join(", ", bmc.Told));
        Assert.EndsWith("is on again; it starts from the network this once", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_answer_is_resolved_by_looking_and_nothing_is_told_twice()
    {
        var bmc = new BmcDouble { State = PowerState.Off, Unanswered = [PowerPush.On], Silences = [2, 3] };

        Assert.Equal("it was off, and is on now", await RunAsync(bmc, new() { Action = PowerAction.On }));
        Assert.Equal(["On"], bmc.Told);
    }

    [Fact]
    public async Task Nothing_shows_what_became_of_a_cycle_without_an_answer()
    {
        var bmc = new BmcDouble { State = PowerState.On, Unanswered = [PowerPush.Cycle] };
        var failure = await Assert.ThrowsAsync<BmcException>(() => RunAsync(bmc, new() { Action = PowerAction.Cycle, Force = true }));

        Assert.Equal((BmcFailure.Unknown, "the answer was lost"), (failure.Failure, failure.Message));
    }

    [Fact]
    public async Task A_bmc_that_says_yes_and_does_nothing_is_not_believed()
    {
        var bmc = new BmcDouble { State = PowerState.Off, Lies = true };
        var failure = await Assert.ThrowsAsync<BmcException>(() => RunAsync(bmc, new() { Action = PowerAction.On }));

        Assert.Equal((BmcFailure.Unknown, "the BMC was told, but after 1 s the machine is Off and not On"),
            (failure.Failure, failure.Message));
    }

    private static Task<string> RunAsync(IBmc bmc, SwitchPower wanted) =>
        new PowerSwitch(bmc, Quick, TimeProvider.System).RunAsync(wanted, TestContext.Current.CancellationToken);
}
