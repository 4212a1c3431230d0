using Cozy.Fleet.Domain.Agents;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>What a step comes to when it looks at the facts. Closed.</summary>
internal abstract record StepOutcome
{
    private StepOutcome()
    {
    }

    /// <summary>The step is done; the next one in order begins.</summary>
    public sealed record Done(string Message = "") : StepOutcome;

    /// <summary>There is nothing to do in this step.</summary>
    public sealed record Skip(string Message) : StepOutcome;

    /// <summary>The step is done and another one than the next begins.</summary>
    public sealed record GoTo(RolloutStepKind Step, string Message) : StepOutcome;

    /// <summary>The node is finished with here: it needs nothing, or a person locked it.</summary>
    public sealed record Leave(RolloutNodeState State, string Message) : StepOutcome;

    /// <summary>Not yet. When the step's time is over the rollout stops, and the node is left in this state.</summary>
    /// <param name="RestartsSoak">What was green is not any more: its time counts from now.</param>
    public sealed record Wait(
        string WaitsFor, string Observed, RolloutNodeState OnTimeout, string UnblockedBy = "", bool RestartsSoak = false) : StepOutcome;

    /// <summary>Stored first, then sent.</summary>
    public sealed record Order(OrderAction Action) : StepOutcome;

    /// <summary>The same order again, later.</summary>
    public sealed record Retry(TimeSpan Delay, string Reason) : StepOutcome;

    /// <summary>The rollout stops with this sentence. A quarantined node takes no operation until a person looked.</summary>
    public sealed record Stop(RolloutNodeState State, string Reason, bool Quarantine = false) : StepOutcome;

    /// <summary>As <see cref="Stop"/>, but our cordon is taken away first: the node was not rebooted.</summary>
    public sealed record GiveUp(string Reason) : StepOutcome;
}
