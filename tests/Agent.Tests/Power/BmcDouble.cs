using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Power;

/// <summary>A machine and its BMC, played: it takes some looks to go up or down, and has the habits of real ones.</summary>
internal sealed class BmcDouble : IBmc
{
    private PowerState target = PowerState.Off;
    private int left;

    public PowerState State { get; set; } = PowerState.Off;

    /// <summary>So many looks until a push shows.</summary>
    public int Slow { get; init; } = 1;

    /// <summary>The system does not heed a soft off.</summary>
    public bool Hangs { get; init; }

    /// <summary>Pushes that it does not know.</summary>
    public IReadOnlyList<PowerPush> Unknown { get; init; } = [];

    /// <summary>Pushes that it takes without an answer.</summary>
    public IReadOnlyList<PowerPush> Unanswered { get; init; } = [];

    /// <summary>It takes everything and does nothing.</summary>
    public bool Lies { get; init; }

    /// <summary>Looks that fail, by their number from 1.</summary>
    public IReadOnlyList<int> Silences { get; init; } = [];

    public List<string> Told { get; } = [];

    public int Looks { get; private set; }

    public Task<PowerStatus> ReadAsync(CancellationToken cancellation)
    {
        if (Silences.Contains(++Looks))
            throw new BmcException(BmcFailure.Unreachable, "no answer");
        if (left > 0 && --left == 0)
            State = target;
        return Task.FromResult(new PowerStatus { State = State });
    }

    public Task PushAsync(PowerPush push, CancellationToken cancellation)
    {
        if (Unknown.Contains(push))
            throw new BmcException(BmcFailure.Unsupported, $"no {push}");
        Told.Add(push.ToString());
        if (!Lies && !(Hangs && push == PowerPush.SoftOff))
            (target, left) = (push is PowerPush.On or PowerPush.Cycle ? PowerState.On : PowerState.Off, Slow);
        if (Unanswered.Contains(push))
            throw new BmcException(BmcFailure.Unknown, "the answer was lost");
        return Task.CompletedTask;
    }

    public Task SetNextBootAsync(NextBoot next, bool uefi, CancellationToken cancellation)
    {
        if (next != NextBoot.Unspecified)
            Told.Add($"{next}{(uefi ? " uefi" : "")}");
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
