using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>
/// What a cluster does next: a function of its record, its nodes and the time. First provisioning, a machine that joins later and the
/// way back after a crash are the same look at the same facts (design 3.1).
/// </summary>
public static class ClusterConvergence
{
    /// <summary>An agent that does not answer within this time is asked by a new order.</summary>
    public static readonly TimeSpan OrderLimit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    public static ClusterRecord Advance(ClusterRecord cluster, ClusterFacts facts)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(facts);
        if (cluster.Spec.Management == Management.Observed)
            return ClusterStatusRules.Judge(cluster, facts);
        var next = MemberChoice.Choose(cluster, facts);
        next = FixEndpoint(next, facts);
        next = DropLostOrders(next, facts.Now);
        next = Configure(next, facts);
        next = Bootstrap(next, facts);
        return ClusterStatusRules.Judge(next, facts);
    }

    /// <summary>An order ended; a late or repeated result changes nothing.</summary>
    public static ClusterRecord Finished(ClusterRecord cluster, OrderResult result, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(result);
        if (cluster.OpenOrders.FirstOrDefault(o => o.OperationId == result.OperationId) is not { } order)
            return cluster;
        var next = cluster with
        {
            OpenOrders = cluster.OpenOrders.Where(o => o != order).ToEquatableArray(),
            Failures = cluster.Failures.Where(f => f.Node != order.Node).ToEquatableArray(),
        };
        // A second bootstrap call finds etcd's data: the first one took effect (rollouts.md 2.8). Its health is judged by looking.
        var bootstrapped = order.Action is OrderAction.Bootstrap
            && (result.Outcome == OrderOutcome.Succeeded || result.Message.StartsWith("AlreadyExists", StringComparison.Ordinal));
        if (bootstrapped)
            return next with { BootstrapTime = result.FinishTime };
        if (result.Outcome == OrderOutcome.Succeeded)
            return next;
        var again = result.Outcome != OrderOutcome.Failed || result.FailureClass != FailureClass.Permanent;
        return next with { Failures = next.Failures.Add(new(order.Node, result.Message, cluster.Metadata.Generation, again ? now + RetryDelay : null)) };
    }

    /// <summary>The order of the open ones that this result ends, if any.</summary>
    public static AgentOrder? OrderOf(ClusterRecord cluster, OrderResult result)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(result);
        return cluster.OpenOrders.FirstOrDefault(o => o.OperationId == result.OperationId);
    }

    // Without an endpoint of its own the cluster is reached at its first control plane; the choice is frozen, it is in every config.
    private static ClusterRecord FixEndpoint(ClusterRecord cluster, ClusterFacts facts)
    {
        if (cluster.Endpoint != "")
            return cluster;
        if (cluster.Spec.Endpoint != "")
            return cluster with { Endpoint = cluster.Spec.Endpoint };
        var first = cluster.Members.FirstOrDefault(m => m.Role == Role.ControlPlane);
        var address = first is null ? "" : facts.Node(first.Node)?.Address ?? "";
        return address == "" ? cluster : cluster with { Endpoint = $"https://{address}:6443" };
    }

    private static ClusterRecord DropLostOrders(ClusterRecord cluster, DateTimeOffset now)
    {
        foreach (var order in cluster.OpenOrders.Where(o => now > o.Deadline + OrderLimit))
        {
            cluster = Finished(cluster, new(order.OperationId, order.Owner, OrderOutcome.Unknown, FailureClass.None,
                "the agent did not tell how it ended", 0, now), now);
        }
        return cluster;
    }

    // A config goes to members in maintenance mode, once in each allocation; the disk must be exactly one.
    private static ClusterRecord Configure(ClusterRecord cluster, ClusterFacts facts)
    {
        if (cluster.Endpoint == "")
            return cluster;
        foreach (var member in cluster.Members)
        {
            if (facts.Node(member.Node) is { Observed.ApiMode: ApiMode.Maintenance, InstallOpened: false } node
                && node.Allocation?.Cluster == cluster.Metadata.Name && !node.Spec.Paused
                && InstallDisks.Choose(node, cluster.Spec).Device != "")
            {
                cluster = Order(cluster, member, node, new OrderAction.ApplyConfiguration(""), facts.Now);
            }
        }
        return cluster;
    }

    // etcd is started on one node, once: the name is stored before the call, and no other node is ever asked (rollouts.md 1.5).
    private static ClusterRecord Bootstrap(ClusterRecord cluster, ClusterFacts facts)
    {
        var member = cluster.BootstrapNode == ""
            ? cluster.Members.FirstOrDefault(m => m.Role == Role.ControlPlane)
            : cluster.Members.FirstOrDefault(m => m.Node == cluster.BootstrapNode);
        var ready = member is not null && cluster.BootstrapTime is null
            && facts.Node(member.Node) is { InstallConfirmed: true, Observed: { ApiMode: ApiMode.Secure, Stage: MachineStage.Booting or MachineStage.Running } };
        return ready
            ? Order(cluster with { BootstrapNode = member!.Node }, member, facts.Node(member.Node)!, new OrderAction.Bootstrap(), facts.Now)
            : cluster;
    }

    private static ClusterRecord Order(ClusterRecord cluster, ClusterMember member, NodeRecord node, OrderAction action, DateTimeOffset now)
    {
        var waits = cluster.OpenOrders.Any(o => o.Node == member.Node)
            || cluster.Failures.Any(f => f.Node == member.Node && f.Generation == cluster.Metadata.Generation && !(f.RetryTime <= now));
        if (waits)
            return cluster;
        var number = cluster.OrderCount + 1;
        var order = new AgentOrder($"{cluster.Metadata.Uid}/{member.Hostname}/{number}", $"clusters/{cluster.Metadata.Name}",
            cluster.Metadata.Name, 0, now + OrderLimit, node.BootTraceparent, member.Node, node.Address, member.Hostname, action);
        return cluster with { OrderCount = number, OpenOrders = cluster.OpenOrders.Add(order) };
    }
}
