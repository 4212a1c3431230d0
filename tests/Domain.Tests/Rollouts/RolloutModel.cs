using System.Text.Json;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Tests.Rollouts;

/// <summary>
/// A cluster, its agent and a coordinator that is killed now and then, in seconds of model time. After every second the invariants of the
/// design are checked: one node down at most, etcd's quorum, one installer run for each boot.
/// </summary>
internal sealed class RolloutModel
{
    private static readonly TimeSpan Boot = TimeSpan.FromSeconds(90);

    private readonly Random random;
    private readonly string from;
    private readonly string to;
    private readonly Dictionary<string, OrderResult> answered = [];
    private readonly List<(DateTimeOffset Time, OrderResult Result)> onTheWay = [];
    private readonly Dictionary<string, NodeRecord> known = [];
    private ClusterRecord cluster = new(new ResourceMetadata("c1", "uid-c1", default)) { Phase = ClusterPhase.Running };

    public RolloutModel(int seed, int controlPlanes, int workers, string from, string to)
    {
        (random, this.from, this.to) = (new Random(seed), from, to);
        Nodes =
        [
            .. Enumerable.Range(1, controlPlanes).Select(n => new ModelNode($"c1-cp-{n}", Role.ControlPlane, from)),
            .. Enumerable.Range(1, workers).Select(n => new ModelNode($"c1-w-{n}", Role.Worker, from)),
        ];
        Nodes[0].LeadsEtcd = true;
        Look(everybody: true);
    }

    public IReadOnlyList<ModelNode> Nodes { get; }

    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch.AddYears(50);

    public RolloutRecord Rollout { get; private set; } = null!;

    /// <summary>How often in a thousand seconds the coordinator is killed, and an answer is lost on its way.</summary>
    public int CrashesPerThousand { get; init; }

    public IReadOnlyCollection<NodeRecord> Known => known.Values;

    public Answer<RolloutRecord> Start(RolloutStrategy? strategy = null, params string[] names)
    {
        var image = new ImageRecord(new ResourceMetadata("target", "uid-i", Now), new ImageSpec(to, "", $"registry.test/installer:{to}", [], []));
        var wanted = new RolloutRecord(new ResourceMetadata("c1-up", "uid-r", Now),
            new("c1", "target", [.. names], strategy ?? RolloutStrategy.Default))
        { Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
        var answer = RolloutPlan.Make(wanted, cluster, image, Known);
        if (answer.Accepted(out var plan, out _))
            Rollout = plan;
        return answer;
    }

    public void Change(Func<RolloutRecord, Answer<RolloutRecord>> change) =>
        Rollout = change(Rollout).Accepted(out var next, out var refusal) ? next : throw new InvalidOperationException(refusal.Message);

    public void ChangeNode(string name, Func<NodeRecord, NodeRecord> change) => known[name] = change(known[name]);

    /// <summary>Runs until the rollout is not running any more, or a moment comes.</summary>
    public void Run(Func<RolloutModel, bool>? until = null)
    {
        for (var seconds = 0; seconds < 100_000 && Rollout.State == RolloutState.Running; seconds++)
        {
            if (until?.Invoke(this) == true)
                return;
            Second();
        }
        Assert.True(Rollout.State != RolloutState.Running, "The rollout does not end.");
    }

    private void Second()
    {
        Now += TimeSpan.FromSeconds(1);
        foreach (var node in Nodes)
            node.Tick(Now);
        ElectLeader();
        Look(everybody: false);
        foreach (var (_, result) in onTheWay.Where(a => a.Time <= Now).ToArray())
            Rollout = RolloutMachine.Finished(Rollout, result);
        onTheWay.RemoveAll(a => a.Time <= Now);
        if (random.Next(1000) < CrashesPerThousand)
            return; // Killed: whatever was not stored is gone, and the next second begins with what was.
        if (ExclusionLeases.Acquire(cluster, Rollout.Holder, "test", Now).Accepted(out var leased, out _))
            cluster = leased;
        if (RolloutMachine.Advance(Rollout, new(cluster.Lease, [.. known.Values], Now)) is var next && next != Rollout)
            Rollout = Stored(next);
        foreach (var node in Rollout.Nodes.Where(n => n.Quarantine != ""))
            known[node.Node] = known[node.Node] with { QuarantineReason = node.Quarantine };
        if (Rollout.Nodes.FirstOrDefault(n => n.OpenOrder is not null)?.OpenOrder is { } order)
            Send(order);
        Check();
    }

    // The agent: each operation id once, a repeat is answered from the record, and an answer may be lost on its way for good.
    private void Send(AgentOrder order)
    {
        if (!answered.TryGetValue(order.OperationId, out var result))
        {
            var (outcome, failure, message) = order.Action is OrderAction.ForfeitLeadership
                ? Forfeit(order.Node) : Nodes.First(n => n.Name == order.Node).Carry(order.Action, Now, Boot);
            if (outcome == OrderOutcome.Succeeded && CrashesPerThousand > 0 && random.Next(10) == 0)
                (outcome, message) = (OrderOutcome.Unknown, "the connection was lost");
            result = answered[order.OperationId] = new(order.OperationId, order.Owner, outcome, failure, message, outcome == OrderOutcome.Failed ? 7 : 0, Now);
        }
        if (onTheWay.TrueForAll(a => a.Result.OperationId != order.OperationId))
            onTheWay.Add((Now.AddSeconds(random.Next(1, 5)), result));
    }

    private (OrderOutcome, FailureClass, string) Forfeit(string node)
    {
        foreach (var n in Nodes)
            n.LeadsEtcd = false;
        Nodes.First(n => n.Role == Role.ControlPlane && n.Name != node && n.IsUp).LeadsEtcd = true;
        return (OrderOutcome.Succeeded, FailureClass.None, "");
    }

    private void ElectLeader()
    {
        foreach (var down in Nodes.Where(n => n.LeadsEtcd && !n.IsUp))
            down.LeadsEtcd = false;
        if (!Nodes.Any(n => n.LeadsEtcd) && Nodes.FirstOrDefault(n => n.Role == Role.ControlPlane && n.IsUp) is { } next)
            next.LeadsEtcd = true;
    }

    private void Look(bool everybody)
    {
        foreach (var node in Nodes.Where(_ => everybody || random.Next(5) == 0))
        {
            var before = known.GetValueOrDefault(node.Name) ?? new NodeRecord(new ResourceMetadata(node.Name, node.Name, Now))
            {
                Allocation = new("c1", node.Role, node.Name, "image"), Rack = "r1", Phase = NodePhase.Running,
            };
            known[node.Name] = before with { Observed = node.Look(Now, Nodes) };
        }
    }

    // What comes back after a restart is what JSON kept.
    private static RolloutRecord Stored(RolloutRecord rollout) => JsonSerializer.Deserialize<RolloutRecord>(JsonSerializer.Serialize(rollout))!;

    private void Check()
    {
        var down = Nodes.Where(n => !n.IsUp).Select(n => n.Name).ToArray();
        Assert.True(down.Length <= 1, $"I1: {string.Join(", ", down)} are down at once");
        Assert.All(Nodes, n => Assert.True(n.InstallsOnThisBoot <= 1, $"I3: {n.Name} had {n.InstallsOnThisBoot} installer runs on one boot"));
        Assert.All(Nodes, n => Assert.True(n.Version == from || n.Version == to));
        Assert.True(Rollout.Nodes.Count(n => n.State == RolloutNodeState.InFlight) <= 1);
    }
}
