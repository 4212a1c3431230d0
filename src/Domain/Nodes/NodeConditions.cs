using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>The conditions of a node, from what was observed last. A condition keeps its time while its status stays.</summary>
public static class NodeConditions
{
    public const string TalosApiReachable = nameof(TalosApiReachable);
    public const string TalosReady = nameof(TalosReady);
    public const string NodeReady = nameof(NodeReady);
    public const string EtcdMemberHealthy = nameof(EtcdMemberHealthy);
    public const string Installed = nameof(Installed);

    /// <summary>Only there once a boot led nowhere (<see cref="BootTries"/>).</summary>
    public const string BootCompletes = nameof(BootCompletes);

    public static EquatableArray<Condition> From(NodeRecord node, NodeObservation seen, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(seen);
        var conditions = node.Conditions;
        conditions = Set(conditions, Reachable(seen), now);
        if (node.Allocation is null)
            return conditions;
        conditions = Set(conditions, Ready(seen), now);
        conditions = Set(conditions, Kubernetes(seen), now);
        if (node.Allocation.Role == Role.ControlPlane)
            conditions = Set(conditions, Etcd(seen), now);
        return Set(conditions, InstalledOf(node, seen), now);
    }

    /// <summary>The condition of the type, or null when there is none yet.</summary>
    public static Condition? Find(EquatableArray<Condition> conditions, string type) =>
        conditions.FirstOrDefault(c => c.Type == type);

    public static EquatableArray<Condition> Set(EquatableArray<Condition> conditions, Condition condition, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(condition);
        for (var i = 0; i < conditions.Count; i++)
        {
            if (conditions[i].Type != condition.Type)
                continue;
            var since = conditions[i].Status == condition.Status ? conditions[i].LastTransitionTime : now;
            return conditions.SetItem(i, condition with { LastTransitionTime = since });
        }
        return conditions.Add(condition with { LastTransitionTime = now });
    }

    private static Condition Reachable(NodeObservation seen) => seen.ApiMode == ApiMode.Unreachable
        ? new(TalosApiReachable, false, "Unreachable", seen.Error, default)
        : new(TalosApiReachable, true, seen.ApiMode.ToString(), "", default);

    private static Condition Ready(NodeObservation seen) => seen.ApiMode != ApiMode.Secure
        ? new(TalosReady, null, "NotObserved", "the node's own API does not answer", default)
        : new(TalosReady, seen.Stage == MachineStage.Running && seen.Ready, seen.Stage.ToString(), Unmet(seen), default);

    private static Condition Kubernetes(NodeObservation seen) => seen.Kubernetes switch
    {
        null => new(NodeReady, null, "NotObserved", "", default),
        { Reachable: false } k => new(NodeReady, null, "ApiUnreachable", k.Error, default),
        { NodeFound: false } => new(NodeReady, false, "NodeNotFound", "the cluster has no Node of this name", default),
        { } k => new(NodeReady, k.Ready, k.Ready ? "Ready" : "NotReady", "", default),
    };

    private static Condition Etcd(NodeObservation seen) => seen.Etcd switch
    {
        null => new(EtcdMemberHealthy, null, "NotObserved", "", default),
        { Reachable: false } e => new(EtcdMemberHealthy, false, "Unreachable", e.Error, default),
        { IsLearner: true } => new(EtcdMemberHealthy, false, "Learner", "the member is still a learner", default),
        { } e => new(EtcdMemberHealthy, e.Errors.Count == 0, "Reported", string.Join("; ", e.Errors), default),
    };

    // Somebody wiped a member: said aloud, never repaired by an installation that nobody asked for (I9).
    private static Condition InstalledOf(NodeRecord node, NodeObservation seen) =>
        node.InstallConfirmed && seen.ApiMode == ApiMode.Maintenance
            ? new(Installed, false, "Wiped", "an installed node came up in maintenance mode", default)
            : new(Installed, node.InstallConfirmed, node.InstallConfirmed ? "Confirmed" : "NotConfirmed", "", default);

    private static string Unmet(NodeObservation seen) =>
        string.Join("; ", seen.UnmetConditions.Select(c => $"{c.Name}: {c.Reason}"));
}
