using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Tests.Rollouts;

/// <summary>What a gate that does not pass says it saw: a sentence, not a record.</summary>
public sealed class GatesTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    public static TheoryData<EtcdObservation?, string> Etcd => new()
    {
        { null, "not observed" },
        { Healthy() with { Reachable = false, Error = "connection refused" }, "no answer: connection refused" },
        { Healthy() with { IsLearner = true }, "still a learner" },
        { Healthy() with { Errors = ["corrupt"], Alarms = ["NOSPACE"] }, "error corrupt; alarm NOSPACE" },
        { Healthy() with { RaftIndex = 2000 }, "1000 entries behind" },
        {
            Healthy() with { Members = [new(1, "cp-1", false), new(2, "", false), new(3, "cp-3", true)] },
            "its members are 2 (not started), cp-1, cp-3 (learner); they should be cp-1, cp-2"
        },
    };

    [Theory, MemberData(nameof(Etcd))]
    public void An_unhealthy_etcd_is_told_in_words(EtcdObservation? seen, string words)
    {
        var gate = All(new(Now, "", ApiMode.Secure) { Etcd = seen }).First(g => g.Id == "etcd.member");
        Assert.Equal((GateVerdict.Fail, words), (gate.Verdict, gate.Observed));
    }

    [Theory]
    [InlineData(false, false, "the API server does not answer: timed out")]
    [InlineData(true, false, "Kubernetes has no Node of this name")]
    [InlineData(true, true, "Ready is not True, and it is cordoned")]
    public void A_Node_that_is_not_Ready_is_told_in_words(bool reachable, bool found, string words)
    {
        var seen = new KubernetesObservation(reachable, "timed out", found, false, true, "", "", "", "");
        Assert.Equal(words, All(new(Now, "", ApiMode.Secure) { Kubernetes = seen }).First(g => g.Id == "k8s.nodes").Observed);
    }

    [Fact]
    public void Members_that_do_not_agree_on_a_leader_are_told_with_what_each_says()
    {
        var gate = All(new(Now, "", ApiMode.Secure) { Etcd = Healthy() with { LeaderId = 0 } }).First(g => g.Id == "etcd.leader");
        Assert.Equal("no leader, leader 1 in term 3", gate.Observed);
    }

    private static EquatableArray<GateResult> All(NodeObservation seen) => Gates.All(new(
        [Member("cp-1", seen), Member("cp-2", new(Now, "", ApiMode.Secure) { Etcd = Healthy() })], "", Now, TimeSpan.FromSeconds(35)));

    private static NodeRecord Member(string hostname, NodeObservation seen) => NodeLifecycle.New(hostname, hostname, Now) with
    {
        Allocation = new("c1", Role.ControlPlane, hostname, "i"),
        Observed = seen,
    };

    private static EtcdObservation Healthy() =>
        new(true, "", 1, 1, 1000, 1000, 3, false, 1, [], [new(1, "cp-1", false), new(2, "cp-2", false)], []);
}
