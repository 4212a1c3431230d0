using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>
/// What a rollout does next: a function of its record, the facts and the time. It remembers nothing else, so that a restart needs no
/// case of its own. One node is in flight at a time; who calls this holds the cluster's lease.
/// </summary>
public static class RolloutMachine
{
    public const string Pause = "pause";
    public const string Abort = "abort";

    /// <summary>Moves as far as the facts allow, up to the next order or wait.</summary>
    public static RolloutRecord Advance(RolloutRecord rollout, RolloutFacts facts)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        ArgumentNullException.ThrowIfNull(facts);
        // Every pass ends a step or begins a node, and both are finite; the bound only guards against a mistake in here.
        for (var passes = 0; passes < 1000; passes++)
        {
            var next = Once(rollout, facts);
            if (next == rollout)
                return rollout;
            rollout = next;
        }
        throw new InvalidOperationException($"Rollout {rollout.Metadata.Name} does not come to rest.");
    }

    /// <summary>An order ended. The result of an order that is not the open one changes nothing: it is late or repeated.</summary>
    public static RolloutRecord Finished(RolloutRecord rollout, OrderResult result)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        ArgumentNullException.ThrowIfNull(result);
        return InFlight(rollout) is { OpenOrder: { } order } node && order.OperationId == result.OperationId
            ? With(rollout, node with { OpenOrder = null, LastResult = result })
            : rollout;
    }

    /// <summary>A pause, an abort (after a pause or stop at once), or going on after a pause or a stop.</summary>
    public static Answer<RolloutRecord> Request(RolloutRecord rollout, string request, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        if (rollout.IsFinal)
            return new Refusal(RefusalKind.FailedPrecondition, $"rollout {rollout.Metadata.Name} is {rollout.State}; start another one.");
        if (request == Abort && rollout.State != RolloutState.Running)
            return Aborted(rollout, now);
        return request == Pause && rollout.State != RolloutState.Running ? rollout : rollout with { Requested = request };
    }

    /// <summary>Goes on after a pause or a stop, and takes a request back that is not carried out yet.</summary>
    public static Answer<RolloutRecord> Resume(RolloutRecord rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        if (rollout.IsFinal)
            return new Refusal(RefusalKind.FailedPrecondition, $"rollout {rollout.Metadata.Name} is {rollout.State}; start another one.");
        var nodes = rollout.Nodes.Select(n => n.State is RolloutNodeState.Failed or RolloutNodeState.RolledBack
            ? n with { State = RolloutNodeState.Waiting, Message = "", Failure = "", Quarantine = "" }
            : n);
        return rollout with { State = RolloutState.Running, Requested = "", StopReason = "", Nodes = nodes.ToEquatableArray() };
    }

    internal static RolloutNode? InFlight(RolloutRecord rollout) => rollout.Nodes.FirstOrDefault(n => n.State == RolloutNodeState.InFlight);

    internal static RolloutRecord With(RolloutRecord rollout, RolloutNode node)
    {
        for (var i = 0; i < rollout.Nodes.Count; i++)
        {
            if (rollout.Nodes[i].Node == node.Node)
                return rollout with { Nodes = rollout.Nodes.SetItem(i, node) };
        }
        return rollout;
    }

    private static RolloutRecord Once(RolloutRecord rollout, RolloutFacts facts)
    {
        if (rollout.State != RolloutState.Running)
            return rollout;
        if (InFlight(rollout) is { } node)
        {
            return rollout.Requested != "" && IsUntouched(node) ? With(rollout, NodeProgress.PutBack(node, facts.Now)) : NodeProgress.Step(rollout, node, facts);
        }
        return rollout.Requested switch
        {
            Abort => Aborted(rollout, facts.Now),
            Pause => rollout with { State = RolloutState.Paused, Requested = "", Waiting = null },
            _ => NextNode(rollout, facts) is { } next
                ? With(rollout, NodeProgress.Begin(next, RolloutStepKind.Admit, rollout.Spec.Strategy, facts.Now))
                : rollout with { State = RolloutState.Done, EndTime = facts.Now, Waiting = null },
        };
    }

    // Nothing happened to it yet, so that a pause or an abort need not wait for its end.
    private static bool IsUntouched(RolloutNode node) => node is { OpenOrder: null, InstallBootId: "", Failure: "" }
        && node.Current is { Kind: <= RolloutStepKind.Record };

    // In the order of the plan; a control plane that leads etcd by now goes behind its followers (rollouts.md 3.2).
    private static RolloutNode? NextNode(RolloutRecord rollout, RolloutFacts facts)
    {
        var waiting = rollout.Nodes.Where(n => n.State == RolloutNodeState.Waiting).ToArray();
        var first = waiting.FirstOrDefault();
        if (first is not { Role: Role.ControlPlane } || facts.Member(first.Node) is not { } record || !RolloutPlan.IsEtcdLeader(record))
            return first;
        return waiting.FirstOrDefault(n => n.Role == Role.ControlPlane && n != first) ?? first;
    }

    private static RolloutRecord Aborted(RolloutRecord rollout, DateTimeOffset now) => rollout with
    {
        State = RolloutState.Aborted,
        Requested = "",
        EndTime = now,
        Waiting = null,
        Nodes = rollout.Nodes.Select(n => n.State == RolloutNodeState.Waiting
            ? n with { State = RolloutNodeState.Cancelled, Waiting = null } : n).ToEquatableArray(),
    };
}
