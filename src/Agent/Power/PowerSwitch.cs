using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power;

/// <summary>
/// Brings a machine to where it should be, step by step, and believes what the BMC shows rather than what it answers: some say yes and do
/// nothing, some do it and do not answer. Nothing is pushed twice without a look in between.
/// </summary>
internal sealed class PowerSwitch(IBmc bmc, PowerOptions options, TimeProvider clock)
{
    /// <summary>Something was pushed: from here on a failure leaves open what became of it.</summary>
    public bool Pushed { get; private set; }

    /// <summary>Asked before a machine is switched on.</summary>
    public Func<Task> BeforeStart { get; init; } = () => Task.CompletedTask;

    /// <returns>What came of it, in a sentence.</returns>
    /// <exception cref="BmcException">It did not come to that.</exception>
    public async Task<string> RunAsync(SwitchPower wanted, CancellationToken cancellation)
    {
        var isOn = await SettledAsync(cancellation) == PowerState.On;
        switch (wanted.Action)
        {
            case PowerAction.Off when !isOn:
                return "it is off already";
            case PowerAction.Off:
                return await GoOffAsync(wanted.Force, cancellation);
            case PowerAction.On when isOn:
                await bmc.SetNextBootAsync(wanted.NextBoot, wanted.Uefi, cancellation);
                return "it is on already" + Next(wanted);
            // Many BMCs refuse to cycle what is off.
            case PowerAction.On or PowerAction.Cycle when !isOn:
                await GoOnAsync(wanted, cancellation);
                return "it was off, and is on now" + Next(wanted);
            case PowerAction.Cycle:
                return await CycleAsync(wanted, cancellation);
            default:
                throw new BmcException(BmcFailure.Unsupported, "this agent does not know that power action; update it");
        }
    }

    private async Task<string> CycleAsync(SwitchPower wanted, CancellationToken cancellation)
    {
        if (!wanted.Force)
        {
            var how = await GoOffAsync(false, cancellation);
            await GoOnAsync(wanted, cancellation);
            return $"{how}, and is on again" + Next(wanted);
        }
        try
        {
            await bmc.SetNextBootAsync(wanted.NextBoot, wanted.Uefi, cancellation);
            await BeforeStart();
            await PushAsync(PowerPush.Cycle, cancellation);
        }
        catch (BmcException failure) when (failure.Failure == BmcFailure.Unsupported)
        {
            await GoOffAsync(true, cancellation);
            await GoOnAsync(wanted, cancellation);
        }
        // It may still be shown as on before it goes off: the pause comes first.
        await UntilAsync(PowerState.On, options.Limit, cancellation);
        return "it was cycled, and is on" + Next(wanted);
    }

    private async Task<string> GoOffAsync(bool force, CancellationToken cancellation)
    {
        if (!force && await SoftAsync(cancellation))
            return "it went down by itself, and is off";
        await PushAsync(PowerPush.HardOff, cancellation);
        await UntilAsync(PowerState.Off, options.Limit, cancellation);
        return force ? "it was switched off" : "it did not go down by itself, and was switched off";
    }

    // False: it has to be switched off. Without a system there is nobody who could go down.
    private async Task<bool> SoftAsync(CancellationToken cancellation)
    {
        try
        {
            await PushAsync(PowerPush.SoftOff, cancellation);
        }
        catch (BmcException failure) when (failure.Failure is BmcFailure.Unsupported or BmcFailure.Refused)
        {
            return false;
        }
        return await ShowsAsync(PowerState.Off, options.Grace, cancellation) == PowerState.Off;
    }

    // The override is told last: IPMI's is forgotten after a minute.
    private async Task GoOnAsync(SwitchPower wanted, CancellationToken cancellation)
    {
        await bmc.SetNextBootAsync(wanted.NextBoot, wanted.Uefi, cancellation);
        await BeforeStart();
        await PushAsync(PowerPush.On, cancellation);
        await UntilAsync(PowerState.On, options.Limit, cancellation);
    }

    private async Task PushAsync(PowerPush push, CancellationToken cancellation)
    {
        try
        {
            await bmc.PushAsync(push, cancellation);
            Pushed = true;
        }
        // What became of it shows; of a cycle nothing does.
        catch (BmcException failure) when (failure.Failure == BmcFailure.Unknown && push != PowerPush.Cycle)
        {
            Pushed = true;
        }
    }

    private async Task<PowerState> SettledAsync(CancellationToken cancellation)
    {
        var state = (await bmc.ReadAsync(cancellation)).State;
        if (state is PowerState.TurningOn or PowerState.TurningOff)
            state = await ShowsAsync(state == PowerState.TurningOn ? PowerState.On : PowerState.Off, options.Limit, cancellation);
        return state is PowerState.On or PowerState.Off ? state
            : throw new BmcException(BmcFailure.Refused, $"the BMC does not say whether the machine is on: it says {state}");
    }

    private async Task UntilAsync(PowerState wanted, TimeSpan limit, CancellationToken cancellation)
    {
        var seen = await ShowsAsync(wanted, limit, cancellation);
        if (seen != wanted)
            throw new BmcException(BmcFailure.Unknown,
                $"the BMC was told, but after {limit.TotalSeconds:0} s the machine is {seen} and not {wanted}");
    }

    // What it shows in the end. A BMC that is busy with the power may not answer for a while.
    private async Task<PowerState> ShowsAsync(PowerState wanted, TimeSpan limit, CancellationToken cancellation)
    {
        var end = clock.GetUtcNow() + limit;
        while (true)
        {
            await Task.Delay(options.Poll, clock, cancellation);
            var late = clock.GetUtcNow() >= end;
            try
            {
                if ((await bmc.ReadAsync(cancellation)).State is var state && (state == wanted || late))
                    return state;
            }
            catch (BmcException failure) when (failure.Failure == BmcFailure.Unreachable && !late)
            {
                continue;
            }
        }
    }

    private static string Next(SwitchPower wanted) => wanted.NextBoot switch
    {
        NextBoot.Network => "; it starts from the network this once",
        NextBoot.Disk => "; it starts from its disk this once",
        _ => "",
    };
}
