using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>Carries the outcome of a step into the record: the next step, the order to send, the wait, or the stop.</summary>
internal static class NodeProgress
{
    // An agent that is cut off answers late; after this the outcome counts as unknown.
    private static readonly TimeSpan ResultPatience = TimeSpan.FromMinutes(1);

    /// <summary>A step begins: its time is an absolute one from here on.</summary>
    public static RolloutNode Begin(RolloutNode node, RolloutStepKind kind, RolloutStrategy strategy, DateTimeOffset now) => node with
    {
        State = RolloutNodeState.InFlight,
        Steps = node.Steps.Add(new(kind, now)),
        StepDeadline = now + Limit(kind, strategy),
        Waiting = null,
        Attempts = 0,
        LastResult = null,
        RetryTime = null,
    };

    /// <summary>The node was not touched; it waits for its turn again.</summary>
    public static RolloutNode PutBack(RolloutNode node, DateTimeOffset now) =>
        End(node, "skipped", "put back: a pause or an abort was asked for", now) with { State = RolloutNodeState.Waiting, Waiting = null };

    public static RolloutRecord Step(RolloutRecord rollout, RolloutNode node, RolloutFacts facts)
    {
        if (node.OpenOrder is { } order)
        {
            return facts.Now <= node.StepDeadline + ResultPatience ? rollout : RolloutMachine.Finished(rollout, new(
                order.OperationId, order.Owner, OrderOutcome.Unknown, FailureClass.None, "the agent did not tell how it ended", 0, facts.Now));
        }
        return NodeSteps.Run(new(rollout, node, facts)) switch
        {
            StepOutcome.Done done => Next(rollout, Passed(node, "done", done.Message, facts), node.Current!.Kind + 1, facts.Now),
            StepOutcome.Skip skip => Next(rollout, Passed(node, "skipped", skip.Message, facts), node.Current!.Kind + 1, facts.Now),
            StepOutcome.GoTo go => Next(rollout, Passed(node, "done", go.Message, facts), go.Step, facts.Now),
            StepOutcome.Leave leave => RolloutMachine.With(rollout,
                End(node, "done", leave.Message, facts.Now) with { State = leave.State, Message = leave.Message, Waiting = null }),
            StepOutcome.Order wanted => Order(rollout, node, wanted.Action, facts),
            StepOutcome.Retry retry => Retry(rollout, node, retry, facts.Now),
            StepOutcome.Wait wait => Wait(rollout, node, wait, facts.Now),
            StepOutcome.GiveUp give => GiveUp(rollout, node, give.Reason, false, facts.Now),
            // The cordon is ours and the node was not rebooted: it takes work again before the rollout stops (rollouts.md 3.8).
            StepOutcome.Stop stop when node.Current!.Kind is RolloutStepKind.Drain or RolloutStepKind.Reboot =>
                GiveUp(rollout, node, stop.Reason, stop.Quarantine, facts.Now),
            StepOutcome.Stop stop => Stop(rollout, node, stop, facts.Now),
            var other => throw new InvalidOperationException($"{other} is no outcome of a step."),
        };
    }

    private static RolloutRecord Next(RolloutRecord rollout, RolloutNode node, RolloutStepKind next, DateTimeOffset now) =>
        RolloutMachine.With(rollout, next > RolloutStepKind.Soak
            ? node with { State = RolloutNodeState.Done, Waiting = null, Message = $"runs {node.ToVersion}" }
            : Begin(node, next, rollout.Spec.Strategy, now));

    // What a step proved is stored with its end.
    private static RolloutNode Passed(RolloutNode node, string outcome, string message, RolloutFacts facts)
    {
        var ended = End(node, outcome, message, facts.Now);
        return node.Current!.Kind switch
        {
            RolloutStepKind.Record => ended with { BootIdBefore = facts.Member(node.Node)?.Observed?.BootId ?? "" },
            RolloutStepKind.NodeReady when ended.DisruptionStartTime is not null =>
                ended with { DisruptionEndTime = ended.DisruptionEndTime ?? facts.Now },
            _ => ended,
        };
    }

    private static RolloutRecord Order(RolloutRecord rollout, RolloutNode node, OrderAction action, RolloutFacts facts)
    {
        var record = facts.Member(node.Node);
        var order = new AgentOrder(
            $"{rollout.Metadata.Uid}/{node.Hostname}/{node.Steps.Count}-{node.Current!.Kind}/{node.Attempts + 1}", rollout.Holder, rollout.Spec.Cluster,
            facts.Lease?.FencingNumber ?? 0, node.StepDeadline, RolloutTrace.Step(rollout, node, node.Current), node.Node,
            record?.Address ?? "", node.Hostname, action);
        var installs = action is OrderAction.InstallUpgrade or OrderAction.LegacyUpgrade;
        var reboots = action is OrderAction.Reboot or OrderAction.LegacyUpgrade;
        // A second try of the same reboot does not shorten the disruption; one after the node was back begins another.
        var since = node.DisruptionEndTime is null ? node.DisruptionStartTime ?? facts.Now : facts.Now;
        return RolloutMachine.With(rollout, node with
        {
            OpenOrder = order,
            Attempts = node.Attempts + 1,
            Waiting = null,
            InstallBootId = installs ? node.BootIdBefore : node.InstallBootId,
            DisruptionStartTime = reboots ? since : node.DisruptionStartTime,
            DisruptionEndTime = reboots ? null : node.DisruptionEndTime,
        });
    }

    private static RolloutRecord Retry(RolloutRecord rollout, RolloutNode node, StepOutcome.Retry retry, DateTimeOffset now)
    {
        if (now >= node.StepDeadline)
        {
            var stop = new StepOutcome.Stop(RolloutNodeState.Failed, $"{node.Hostname}: {node.Current!.Kind} did not succeed in its time: {retry.Reason}");
            return node.Current.Kind is RolloutStepKind.Drain or RolloutStepKind.Reboot
                ? GiveUp(rollout, node, stop.Reason, false, now) : Stop(rollout, node, stop, now);
        }
        var at = node.RetryTime ?? now + retry.Delay;
        if (now < at)
            return RolloutMachine.With(rollout, node with { RetryTime = at, Waiting = Reason(node, $"another try of {node.Current!.Kind}", retry.Reason, "", now) });
        // It is known to have had no effect, so that no installer ran on this boot.
        var hadNoEffect = node.Current!.Kind is RolloutStepKind.Install or RolloutStepKind.Reboot;
        return RolloutMachine.With(rollout, node with { RetryTime = null, LastResult = null, InstallBootId = hadNoEffect ? "" : node.InstallBootId });
    }

    private static RolloutRecord Wait(RolloutRecord rollout, RolloutNode node, StepOutcome.Wait wait, DateTimeOffset now)
    {
        if (now >= node.StepDeadline)
        {
            var waited = now - node.Current!.StartTime;
            return Stop(rollout, node, new(wait.OnTimeout,
                $"{node.Hostname}: waited {waited.TotalSeconds:0} s until {wait.WaitsFor}: {wait.Observed}",
                Quarantine: node.Current.Kind == RolloutStepKind.Verify), now);
        }
        return RolloutMachine.With(rollout, node with
        {
            Waiting = Reason(node, wait.WaitsFor, wait.Observed, wait.UnblockedBy, now),
            RetryTime = wait.RestartsSoak ? now : node.RetryTime,
        });
    }

    private static RolloutRecord GiveUp(RolloutRecord rollout, RolloutNode node, string reason, bool quarantine, DateTimeOffset now)
    {
        var ended = End(node, "failed", reason, now) with
        {
            Failure = reason,
            Quarantine = quarantine ? reason : "",
            DisruptionStartTime = null,
            DisruptionEndTime = null,
        };
        return RolloutMachine.With(rollout, Begin(ended, RolloutStepKind.Uncordon, rollout.Spec.Strategy, now));
    }

    private static RolloutRecord Stop(RolloutRecord rollout, RolloutNode node, StepOutcome.Stop stop, DateTimeOffset now)
    {
        var ended = End(node, "failed", stop.Reason, now) with
        {
            State = stop.State,
            Message = stop.Reason,
            Waiting = null,
            Failure = "",
            Quarantine = stop.Quarantine ? stop.Reason : node.Quarantine,
            // It is back, although not as it should be.
            DisruptionEndTime = stop.State == RolloutNodeState.RolledBack ? now : node.DisruptionEndTime,
        };
        return RolloutMachine.With(rollout, ended) with { State = RolloutState.Stopped, StopReason = stop.Reason, Requested = "" };
    }

    private static RolloutNode End(RolloutNode node, string outcome, string message, DateTimeOffset now) => node with
    {
        Steps = node.Steps.SetItem(node.Steps.Count - 1, node.Current! with { EndTime = now, Outcome = outcome, Message = message }),
    };

    // The same wait keeps its beginning, so that people see how long it lasts.
    private static Waiting Reason(RolloutNode node, string waitsFor, string observed, string unblockedBy, DateTimeOffset now) =>
        new(waitsFor, observed, node.Waiting?.WaitsFor == waitsFor ? node.Waiting.Since : now, unblockedBy);

    private static TimeSpan Limit(RolloutStepKind kind, RolloutStrategy strategy) => kind switch
    {
        RolloutStepKind.Pull or RolloutStepKind.Install or RolloutStepKind.Reboot => TimeSpan.FromMinutes(15),
        // The agent's own time-out comes first, with the list of what blocks.
        RolloutStepKind.Drain => strategy.DrainTimeout + TimeSpan.FromMinutes(1),
        RolloutStepKind.Verify => strategy.BootTimeout,
        RolloutStepKind.Soak => strategy.Soak + strategy.GateTimeout,
        _ => strategy.GateTimeout,
    };
}
