using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Operations;

/// <summary>
/// What an operation does next: a function of its record, its cluster and the time. The way back after a crash is the same look at the
/// same facts (design 3.1). An order whose outcome is unknown is resolved by looking, never by repeating (design 3.4).
/// </summary>
public static class OperationMachine
{
    /// <summary>An order that was not begun by then is refused by the agent.</summary>
    public static readonly TimeSpan OrderLimit = TimeSpan.FromMinutes(5);

    /// <summary>How long a node may take to be Ready again.</summary>
    public static readonly TimeSpan BackLimit = TimeSpan.FromMinutes(20);

    /// <summary>How long a node may take to go down; it is drained first.</summary>
    public static readonly TimeSpan DownLimit = TimeSpan.FromMinutes(10);

    // An agent that is cut off answers late; after this the outcome counts as unknown.
    private static readonly TimeSpan ResultPatience = TimeSpan.FromMinutes(1);

    public static OperationRecord Advance(OperationRecord operation, OperationFacts facts)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(facts);
        return operation.State switch
        {
            OperationState.Starting => Start(operation, facts),
            OperationState.Ordered when facts.Now > operation.OpenOrder!.Deadline + ResultPatience => Finished(operation, new(
                operation.OpenOrder.OperationId, operation.Holder, OrderOutcome.Unknown, FailureClass.None,
                    "the agent did not tell how it ended", 0, facts.Now)),
            OperationState.Settling => Look(operation, facts),
            _ => operation,
        };
    }

    /// <summary>The order ended; a late or repeated result changes nothing.</summary>
    public static OperationRecord Finished(OperationRecord operation, OrderResult result)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(result);
        if (operation.OpenOrder?.OperationId != result.OperationId)
            return operation;
        var settles = OperationRules.Settles(operation);
        return result.Outcome switch
        {
            OrderOutcome.Succeeded when operation is
            {
                Action: OrderAction.ChangeConfiguration { How: ConfigApply.Reboot }, OpenOrder.Action: OrderAction.ChangeConfiguration
            } => Next(operation, result, "reboot", new OrderAction.Reboot()),
            OrderOutcome.Succeeded when operation is
            {
                Action: OrderAction.DeleteNodeObject, OpenOrder.Action: OrderAction.RemoveEtcdMember
            } => Next(operation, result, "node-object", operation.Action),
            // Nothing of it shows on the node, or it is taken back there.
            OrderOutcome.Unknown when operation.OpenOrder.Action is OrderAction.ChangeConfiguration =>
                End(operation, OperationState.OutcomeUnknown, $"the node may have the config or not: {result.Message}", result.FinishTime),
            OrderOutcome.Succeeded when operation.Action is OrderAction.DeleteNodeObject =>
                End(operation, OperationState.Succeeded, Released(operation, result.Message), result.FinishTime),
            OrderOutcome.Succeeded when !settles => End(operation, OperationState.Succeeded, Or(result.Message, "done"), result.FinishTime),
            OrderOutcome.Succeeded or OrderOutcome.Unknown when settles => operation with
            {
                State = OperationState.Settling,
                StateTime = result.FinishTime,
                OpenOrder = null,
                CarriedOut = result.Outcome == OrderOutcome.Succeeded,
                Message = result.Message,
            },
            OrderOutcome.Unknown => End(operation, OperationState.OutcomeUnknown,
                $"it may have taken effect or not: {result.Message}", result.FinishTime),
            _ => End(operation, OperationState.Failed, result.Message, result.FinishTime),
        };
    }

    private static OperationRecord Start(OperationRecord operation, OperationFacts facts)
    {
        if (OperationRules.Refusal(operation, facts) is { } refusal)
            return End(operation, OperationState.Failed, $"not begun: {refusal.Message}", facts.Now);
        var lease = OperationRules.TakesLease(operation) ? facts.Cluster?.Lease : null;
        if (lease is null && OperationRules.TakesLease(operation))
            return operation;
        var node = facts.Member(operation.Node)!;
        if (OperationRules.IsWiped(operation.Action, node))
            return End(operation, OperationState.Succeeded, "it was wiped before; nothing had to be done to it", facts.Now);
        if (operation.Action is OrderAction.DeleteNodeObject && facts.Cluster!.BootstrapTime is null)
            return End(operation, OperationState.Succeeded, Released(operation, "Kubernetes was not there yet"), facts.Now);
        var order = new AgentOrder(operation.Metadata.Uid, operation.Holder, operation.Cluster, lease?.FencingNumber ?? 0,
            facts.Now + OrderLimit, "", operation.Node, node.Address, operation.Hostname, operation.Action);
        // Out of etcd first, by a member that is well there: what fails then leaves a member that can be released once more.
        var listed = operation.Action is OrderAction.DeleteNodeObject ? MemberRelease.InEtcd(node, facts) : null;
        return operation with
        {
            State = OperationState.Ordered,
            StateTime = facts.Now,
            OpenOrder = listed is not { Dead: var dead, By: var by } ? order : order with
            {
                Node = by.Metadata.Name,
                Address = by.Address,
                Hostname = by.Allocation!.Hostname,
                Action = new OrderAction.RemoveEtcdMember(dead.Id),
            },
            BootIdBefore = node.Observed?.BootId ?? "",
            WasRunning = node.Phase == NodePhase.Running,
        };
    }

    private static string Released(OperationRecord operation, string how) =>
        $"{how}; {operation.Hostname} leaves cluster {operation.Cluster}, which asks for one member fewer from here on";

    // The second order of an operation: the boot that takes up a config that was written down, or Kubernetes after etcd.
    private static OperationRecord Next(OperationRecord operation, OrderResult first, string word, OrderAction action) => operation with
    {
        StateTime = first.FinishTime,
        OpenOrder = operation.OpenOrder! with
        {
            OperationId = $"{operation.Metadata.Uid}-{word}",
            Deadline = first.FinishTime + OrderLimit,
            Node = operation.Node,
            Hostname = operation.Hostname,
            Action = action,
        },
    };

    private static OperationRecord Look(OperationRecord operation, OperationFacts facts)
    {
        // What was seen before the order ended proves nothing.
        var seen = facts.Member(operation.Node)?.Observed is { } last && last.Time > operation.StateTime ? last : null;
        var back = OperationRules.ComesBack(operation.Action);
        var stays = !OperationRules.TakesNodeDown(operation.Action);
        var (proven, observed) = stays ? IsWell(operation, facts, seen) : back ? IsBack(operation, facts, seen) : IsDown(operation, seen);
        if (proven)
            return End(operation, OperationState.Succeeded, observed, facts.Now);
        var waits = stays ? $"{operation.Hostname} is Ready" : back ? $"{operation.Hostname} is Ready on another boot" : $"{operation.Hostname} goes down";
        var limit = back ? BackLimit : DownLimit;
        if (facts.Now - operation.StateTime <= limit)
            return operation with { Waiting = new(waits, observed, operation.StateTime) };
        return End(operation, operation.CarriedOut && seen is not null ? OperationState.Failed : OperationState.OutcomeUnknown,
            $"waited {limit.TotalMinutes:0} min until {waits}: {observed}", facts.Now);
    }

    private static (bool Proven, string Observed) IsDown(OperationRecord operation, NodeObservation? seen)
    {
        if (seen is null)
            return (false, "nothing was seen since");
        if (seen.ApiMode == ApiMode.Maintenance)
            return (true, "it is wiped and in maintenance mode");
        // Silence is what a reset that was carried out looks like; it is no proof of one that may not have begun.
        if (seen.ApiMode == ApiMode.Unreachable)
            return (operation.CarriedOut || operation.Action is OrderAction.Shutdown,
                operation.CarriedOut ? "it is down" : $"it does not answer ({seen.Error})");
        var otherBoot = seen.BootId != "" && operation.BootIdBefore != "" && seen.BootId != operation.BootIdBefore;
        return otherBoot && operation.Action is OrderAction.Shutdown
            ? (true, "it was down, and somebody switched it on again")
            : (false, $"it still answers, {seen.Stage}");
    }

    private static (bool Proven, string Observed) IsBack(OperationRecord operation, OperationFacts facts, NodeObservation? seen)
    {
        if (seen is { ApiMode: ApiMode.Secure, BootId: not "" } && seen.BootId == operation.BootIdBefore)
            return (false, $"still on boot {seen.BootId}, {seen.Stage}");
        return IsWell(operation, facts, seen);
    }

    private static (bool Proven, string Observed) IsWell(OperationRecord operation, OperationFacts facts, NodeObservation? seen)
    {
        if (seen is null)
            return (false, "nothing was seen since");
        if (seen is not { ApiMode: ApiMode.Secure, BootId: not "" })
            return (false, $"it does not answer ({seen.Error})");
        if (seen is not { Stage: MachineStage.Running, Ready: true })
            return (false, $"{seen.Stage}, {string.Join("; ", seen.UnmetConditions.Select(u => $"{u.Name}: {u.Reason}"))}");
        // The kubelet's own boot id proves that Ready is said of this boot; older Talos shows us a boot time instead.
        var kernelId = !seen.BootId.StartsWith("booted-", StringComparison.Ordinal);
        if (seen.Kubernetes is not { Reachable: true, NodeFound: true, Ready: true } kubernetes
            || (kernelId && kubernetes.BootId != seen.BootId))
            return (false, "the Kubernetes Node is not Ready on this boot yet");
        var member = facts.Member(operation.Node)!;
        return member.Allocation!.Role == Role.ControlPlane && !EtcdMembers.IsHealthy(member, facts.Now)
            ? (false, "its etcd member is not healthy yet")
            : (true, $"it is Ready on boot {seen.BootId} with Talos {seen.TalosVersion}");
    }

    private static OperationRecord End(OperationRecord operation, OperationState state, string message, DateTimeOffset now) =>
        operation with
        {
            State = state,
            StateTime = now,
            EndTime = now,
            Message = message,
            OpenOrder = null,
            Waiting = null,
        };

    private static string Or(string first, string second) => first != "" ? first : second;
}
