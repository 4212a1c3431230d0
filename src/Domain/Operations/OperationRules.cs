using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Domain.Operations;

/// <summary>What may be done to a member now.</summary>
public static class OperationRules
{
    /// <summary>The word for it, in node status, events and the API.</summary>
    public static string Word(OrderAction action) => action switch
    {
        OrderAction.Reboot => "reboot",
        OrderAction.Shutdown => "shutdown",
        OrderAction.Reset => "reset",
        OrderAction.Rollback => "rollback",
        OrderAction.DefragmentEtcd => "defragment-etcd",
        OrderAction.RemoveEtcdMember => "remove-etcd-member",
        OrderAction.RestartService => "restart-service",
        OrderAction.ChangeConfiguration => "apply-config",
        OrderAction.DeleteNodeObject => "release",
        OrderAction.SwitchPower power => $"power-{power.Action}".ToLowerInvariant(),
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "This order is no operation of a person."),
    };

    public static bool TakesNodeDown(OrderAction action) =>
        action is OrderAction.Reboot or OrderAction.Shutdown or OrderAction.Reset or OrderAction.Rollback
            or OrderAction.ChangeConfiguration { How: ConfigApply.Reboot } or OrderAction.SwitchPower { Action: not PowerAction.On };

    /// <summary>Under the cluster's exclusion lease. A machine that is switched on disturbs nobody, and one without a cluster has no lease.</summary>
    public static bool TakesLease(OperationRecord operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Cluster != "" && operation.Action is not OrderAction.SwitchPower { Action: PowerAction.On };
    }

    /// <summary>The others must bear it that the node is away. A trial may cut it off until it is taken back.</summary>
    public static bool AsksGates(OrderAction action) =>
        TakesNodeDown(action) || action is OrderAction.ChangeConfiguration { How: ConfigApply.Trial };

    /// <summary>
    /// The node shows how it went, not the order's result alone. Whether a machine is off is said by its BMC, and so is whether one is on
    /// again that was no running member before: it may be long on its way, and nobody is disturbed meanwhile.
    /// </summary>
    public static bool Settles(OperationRecord operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Action switch
        {
            OrderAction.SwitchPower power => power.Action == PowerAction.Cycle && operation.Cluster != "" && operation.WasRunning,
            OrderAction.ChangeConfiguration change => change.How != ConfigApply.Staged,
            var other => TakesNodeDown(other),
        };
    }

    /// <summary>The node is a member again afterwards; else it stays down or is nobody's.</summary>
    public static bool ComesBack(OrderAction action) =>
        action is OrderAction.Reboot or OrderAction.Rollback or OrderAction.Reset { ForgetsConfig: false, Restart: true }
            or OrderAction.ChangeConfiguration { How: ConfigApply.Reboot } or OrderAction.SwitchPower { Action: PowerAction.Cycle };

    /// <summary>Why not; null when it may begin. Starting needs proof: a gate that cannot be read is red (design 3.5).</summary>
    public static Refusal? Refusal(OperationRecord operation, OperationFacts facts)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(facts);
        if (facts.Cluster is { } cluster && TakesLease(operation) && OfCluster(operation, cluster) is { } refusal)
            return refusal;
        if (facts.Member(operation.Node) is not { } node)
        {
            return No(operation.Cluster == ""
                ? $"node {operation.Node} was taken into a cluster meanwhile; ask again." : $"node {operation.Node} is no member of cluster {operation.Cluster}.");
        }
        return IsWiped(operation.Action, node) ? null : OfNode(operation, node, facts) ?? OfGates(operation, node, facts);
    }

    /// <summary>Somebody wiped it before: nothing is left to be done to the node.</summary>
    public static bool IsWiped(OrderAction action, NodeRecord node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return action is OrderAction.Reset { ForgetsConfig: true } && node.Observed is { ApiMode: ApiMode.Maintenance, Installed: false };
    }

    private static Refusal? OfCluster(OperationRecord operation, ClusterRecord cluster)
    {
        if (ExclusionLeases.OnlyObserved(cluster) is { } observed)
            return observed;
        return cluster.Lease is { } lease && lease.Holder != operation.Holder
            ? No($"{lease.Holder} ({lease.Purpose}) works on cluster {cluster.Metadata.Name} since {lease.AcquireTime:u}; let it finish first.")
            : null;
    }

    private static Refusal? OfNode(OperationRecord operation, NodeRecord node, OperationFacts facts)
    {
        var name = operation.Hostname;
        if (node.Spec.Paused)
            return No($"node {name} is paused; unpause it first.");
        if (operation.Action is OrderAction.SwitchPower)
        {
            // Whoever looks after a quarantined machine needs its power.
            return node.Spec.Bmc is null ? No($"nobody told where the BMC of node {name} is; `cozyfleet node bmc set` does.") : null;
        }
        // A machine that died in the middle of something is quarantined for it.
        if (operation.Action is OrderAction.DeleteNodeObject)
            return MemberRelease.Refusal(node, facts);
        if (node.QuarantineReason != "")
            return No($"node {name} is quarantined: {node.QuarantineReason}; clear the quarantine first.");
        return operation.Action switch
        {
            OrderAction.DefragmentEtcd when node.Allocation!.Role != Role.ControlPlane => No($"node {name} is a worker and has no etcd."),
            OrderAction.RemoveEtcdMember remove when facts.Members.FirstOrDefault(n =>
                EtcdMembers.IsHealthy(n, facts.Now) && n.Observed!.Etcd!.MemberId == remove.MemberId) is { } healthy =>
                No($"{healthy.Allocation!.Hostname} is a healthy member of etcd; a graceful reset lets it leave."),
            _ => null,
        };
    }

    private static Refusal? OfGates(OperationRecord operation, NodeRecord node, OperationFacts facts)
    {
        if (!AsksGates(operation.Action) || !TakesLease(operation) || operation.OverrideReason != "")
            return null;
        var gates = Gates.Before(node.Allocation!.Role, new(facts.Members, "", facts.Now, RolloutFacts.Freshness), allowDowntime: false);
        var red = gates.Where(gate => gate.Verdict != GateVerdict.Pass).ToArray();
        return red.Length == 0 ? null : No(
            $"{red.Length} of {gates.Count} gates do not pass, first {red[0].Id}: {red[0].Message} ({red[0].Observed}); "
            + "wait until they do, or override the gates with a reason.");
    }

    private static Refusal No(string message) => new(RefusalKind.FailedPrecondition, message);
}
