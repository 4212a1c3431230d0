using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

public enum GateVerdict
{
    Pass,
    Fail,

    /// <summary>It could not be read, or not lately: as red as a failure (design 3.5).</summary>
    Unknown,
}

/// <summary>What one gate says.</summary>
public sealed record GateResult(string Id, GateVerdict Verdict, string Message, string Observed);

/// <summary>What the gates look at. The members are all of the cluster; <paramref name="InFlight"/> is a node's name or empty.</summary>
public sealed record GateFacts(
    EquatableArray<NodeRecord> Members, string InFlight, DateTimeOffset Now, TimeSpan Freshness);

/// <summary>The gates that need only Talos and the Node object (rollouts.md 4, 5.2).</summary>
public static class Gates
{
    /// <summary>raftIndex − raftApplied above this is a member that lags (rollouts.md 5.2).</summary>
    public const ulong MaximumRaftLag = 500;

    /// <summary>Every gate. A node in flight is left out of the gates of readiness, never out of etcd's.</summary>
    public static EquatableArray<GateResult> All(GateFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var results = new List<GateResult>();
        foreach (var node in facts.Members.Where(n => n.Metadata.Name != facts.InFlight))
            results.AddRange([Reachable(facts, node), Ready(facts, node), NodeReady(facts, node)]);
        var etcd = facts.Members.Where(n => n.Allocation?.Role == Role.ControlPlane).ToArray();
        results.AddRange(etcd.Select(n => Member(facts, n, etcd)));
        results.Add(OneLeader(etcd));
        return results.ToEquatableArray();
    }

    /// <summary>Every gate that is asked before a node of this role goes down.</summary>
    public static EquatableArray<GateResult> Before(Role role, GateFacts facts, bool allowDowntime) =>
        role == Role.ControlPlane ? All(facts).Add(Quorum(facts, allowDowntime)) : All(facts);

    /// <summary>Whether etcd can lose one control plane: healthy − 1 ≥ ⌊members / 2⌋ + 1, or consent to downtime of a single one.</summary>
    public static GateResult Quorum(GateFacts facts, bool allowDowntime)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var etcd = facts.Members.Where(n => n.Allocation?.Role == Role.ControlPlane).ToArray();
        var healthy = etcd.Count(n => Member(facts, n, etcd).Verdict == GateVerdict.Pass);
        var bears = etcd.Length == 1 ? allowDowntime : etcd.Length > 2 && healthy - 1 >= (etcd.Length / 2) + 1;
        return new("etcd.quorum", bears ? GateVerdict.Pass : GateVerdict.Fail,
            bears ? "" : "etcd cannot lose one more member", $"{healthy} of {etcd.Length} members healthy");
    }

    private static GateResult Reachable(GateFacts facts, NodeRecord node) => Judge(facts, node, "talos.reachable",
        seen => seen.ApiMode == ApiMode.Secure, "the Talos API does not answer with the cluster's credentials",
        seen => seen.ApiMode.ToString());

    private static GateResult Ready(GateFacts facts, NodeRecord node) => Judge(facts, node, "talos.ready",
        seen => seen is { Stage: MachineStage.Running, Ready: true, UnmetConditions.Count: 0 }, "Talos is not ready",
        seen => string.Join("; ", seen.UnmetConditions.Select(c => $"{c.Name}: {c.Reason}").Prepend(seen.Stage.ToString())));

    private static GateResult NodeReady(GateFacts facts, NodeRecord node) => Judge(facts, node, "k8s.nodes",
        seen => seen.Kubernetes is { Reachable: true, NodeFound: true, Ready: true }, "the Kubernetes Node is not Ready",
        seen => KubernetesWords.Of(seen.Kubernetes));

    private static GateResult Member(GateFacts facts, NodeRecord node, NodeRecord[] all) => Judge(facts, node, "etcd.member",
        seen => seen.Etcd is { Reachable: true, IsLearner: false, Errors.Count: 0, Alarms.Count: 0 } etcd
            && Complete(etcd, all) && etcd.RaftIndex <= etcd.RaftAppliedIndex + MaximumRaftLag,
        "the etcd member is not healthy", seen => GateWords.Of(seen.Etcd, [.. all.Select(n => n.Allocation?.Hostname ?? n.Metadata.Name)]));

    // A member without a name has not started, and a learner does not vote (rollouts.md 5.2).
    private static bool Complete(EtcdObservation etcd, NodeRecord[] all) =>
        etcd.Members.Count == all.Length
        && all.All(n => etcd.Members.Any(m => !m.IsLearner && m.Hostname == n.Allocation?.Hostname));

    private static GateResult OneLeader(NodeRecord[] etcd)
    {
        var views = etcd.Select(n => n.Observed?.Etcd is { } e ? (e.LeaderId, e.RaftTerm) : default).Distinct().ToArray();
        var one = views is [(not 0, _)];
        return new("etcd.leader", one ? GateVerdict.Pass : GateVerdict.Fail,
            one ? "" : "the members do not agree on one leader and term",
            string.Join(", ", views.Select(view => GateWords.Leader(view.LeaderId, view.RaftTerm))));
    }

    private static GateResult Judge(GateFacts facts, NodeRecord node, string id,
        Func<NodeObservation, bool> green, string sentence, Func<NodeObservation, string> value)
    {
        var host = node.Allocation?.Hostname ?? node.Metadata.Name;
        if (node.Observed is not { } seen || facts.Now - seen.Time > facts.Freshness)
            return new(id, GateVerdict.Unknown, $"{host}: nothing was observed within {facts.Freshness.TotalSeconds:0} s", "unknown");
        return green(seen) ? new(id, GateVerdict.Pass, "", "") : new(id, GateVerdict.Fail, $"{host}: {sentence}", value(seen));
    }
}
