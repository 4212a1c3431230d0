using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>
/// Follows nodes and reports what changed: members of clusters with the credentials that the coordinator lent, and machines that were
/// given an address, in maintenance mode. Whatever says that something changed makes it look; only what it saw itself is reported.
/// </summary>
internal sealed partial class Observer : BackgroundService
{
    // Leases end and addresses run out without anybody saying so.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(30);

    // A room that is switched on gives thousands of reasons a second to go through all nodes.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // Going through them takes this part of the time at most, however many there are: the same processor answers them.
    private const int Share = 20;

    // Most machines come up soon after they were given an address.
    private static readonly TimeSpan Newcomer = TimeSpan.FromMinutes(30);

    private readonly BootSessions sessions;
    private readonly AddressBook addresses;
    private readonly NodeProbe probe;
    private readonly NodeWatcher watcher;
    private readonly ViewReporter reporter;
    private readonly TimeProvider clock;
    private readonly ILogger<Observer> log;
    private readonly FollowPace pace;

    private readonly ConcurrentDictionary<string, Observation> leases = new();
    private readonly ConcurrentDictionary<string, Member> members = new();
    private readonly ConcurrentDictionary<string, (NodeFollower Follower, string Address)> followers = new();
    private ILookup<IPAddress, string> keysAt = Array.Empty<string>().ToLookup(_ => IPAddress.None); // Who had each address at the last reconciling.
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public Observer(AgentConfig config, BootSessions sessions, AddressBook addresses, NodeProbe probe, NodeWatcher watcher,
        ViewReporter reporter, TimeProvider clock, ILogger<Observer> log)
    {
        (this.sessions, this.addresses, this.probe, this.watcher) = (sessions, addresses, probe, watcher);
        (this.reporter, this.clock, this.log) = (reporter, clock, log);
        pace = new() { Poll = config.ObserveInterval };
        if (config.ObserveInterval < pace.LongestRetry)
            pace = pace with { LongestRetry = config.ObserveInterval };
        sessions.AddressGiven += Given;
    }

    /// <summary>How many nodes tell by themselves when something changes.</summary>
    public int Watched => followers.Values.Count(f => f.Follower.IsWatched);

    /// <summary>A lease of observation: replaces the former one of its cluster, and lives in memory only.</summary>
    public void Take(Observation observation)
    {
        if (observation.ExpireTime is null)
            return;
        leases[observation.Cluster] = observation;
        wake.Writer.TryWrite(true);
    }

    /// <summary>
    /// Somebody at this address gave a sign of life. It is taken for a reason to look, and for nothing else: whoever is on the network can
    /// make one up.
    /// </summary>
    public void Hint(IPAddress address)
    {
        foreach (var key in keysAt[address])
            Signal(key, new FollowSignal.Hinted());
    }

    /// <summary>Something was done to this node, or may be seen of it from now on: how it looks is news, also when that is as before.</summary>
    public void LookAgain(string node)
    {
        reporter.Forget(node);
        Signal(node, new FollowSignal.Changed());
    }

    /// <summary>The node that is followed at this address, or null.</summary>
    public string? NodeAt(IPAddress address) => keysAt[address].FirstOrDefault();

    public override void Dispose()
    {
        sessions.AddressGiven -= Given;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var timer = clock.CreateTimer(_ => wake.Writer.TryWrite(true), null, Interval, Interval);
        try
        {
            do
            {
                var began = clock.GetTimestamp();
                Reconcile(stoppingToken);
                var rest = clock.GetElapsedTime(began) * Share;
                await Task.Delay(rest > Pause ? rest : Pause, clock, stoppingToken);
            }
            while (await wake.Reader.ReadAsync(stoppingToken));
        }
        finally
        {
            foreach (var key in followers.Keys)
                Drop(key);
        }
    }

    // A machine that renews its lease is followed already: going through all of them for it would be most of what a busy agent does.
    private void Given(IPAddress address, bool isNew)
    {
        Hint(address);
        if (isNew)
            wake.Writer.TryWrite(true);
    }

    // Who should be followed, where, and how; the rest is the followers' own.
    private void Reconcile(CancellationToken stopping)
    {
        foreach (var (cluster, lease) in leases.Where(l => l.Value.ExpireTime.ToDateTimeOffset() <= clock.GetUtcNow()))
            leases.TryRemove(KeyValuePair.Create(cluster, lease));
        var wanted = new Dictionary<string, string>();
        foreach (var member in Members())
        {
            Lend(member);
            wanted[member.Target.Node] = AddressOf(member.Target)?.ToString() ?? "";
            Follow(member.Target.Node, wanted[member.Target.Node], PaceOf(member.Target), stopping);
        }
        var ofMembers = wanted.Values.ToHashSet();
        var newcomers = sessions.RecentAddresses(TimeSpan.MaxValue).Select(a => a.Address.ToString()).Where(a => !ofMembers.Contains(a)).ToList();
        var itsPace = (pace with { Patience = Newcomer }).Among(newcomers.Count);
        foreach (var address in newcomers.Where(address => wanted.TryAdd(address, address)))
            Follow(address, address, itsPace, stopping);
        keysAt = wanted.Where(w => w.Value != "").ToLookup(w => IPAddress.Parse(w.Value), w => w.Key);
        foreach (var key in followers.Keys.Where(key => !wanted.ContainsKey(key)))
            Drop(key);
    }

    // A node that went from one cluster to another is in the leases of both until the former one ends: the newer one counts.
    private IEnumerable<Member> Members() => leases.Values.OrderByDescending(lease => lease.ExpireTime.ToDateTimeOffset())
        .SelectMany(lease => lease.Targets.Select(target => new Member(lease, target))).DistinctBy(member => member.Target.Node);

    // The node itself has no reason to call for a look when its lease reaches further than the one before.
    private void Lend(Member member)
    {
        var former = members.GetValueOrDefault(member.Target.Node)?.Lease;
        members[member.Target.Node] = member;
        var reachesFurther = former is not null
            && (former.Cluster != member.Lease.Cluster || !Equals(former.Kubernetes?.Endpoints, member.Lease.Kubernetes?.Endpoints));
        if (reachesFurther)
            LookAgain(member.Target.Node);
    }

    private void Signal(string key, FollowSignal signal)
    {
        if (followers.TryGetValue(key, out var found))
            found.Follower.Signal(signal);
    }

    private void Follow(string key, string address, FollowPace itsPace, CancellationToken stopping)
    {
        if (followers.TryGetValue(key, out var present))
        {
            present.Follower.SetPace(itsPace);
            if (present.Address == address)
                return;
            followers[key] = (present.Follower, address);
            present.Follower.Signal(new FollowSignal.Hinted());
            return;
        }
        var follower = new NodeFollower(
            token => LookAsync(key, token, stopping),
            (where, tell, token) => watcher.WatchAsync(
                key, where.Mode == ApiMode.Secure ? members.GetValueOrDefault(key)?.Lease : null, where, tell, token),
            itsPace, clock);
        followers[key] = (follower, address);
    }

    private void Drop(string key)
    {
        members.TryRemove(key, out _);
        reporter.Forget(key);
        if (followers.TryRemove(key, out var gone))
            gone.Follower.Dispose();
    }

    // etcd tells nobody what happens in it: whoever runs it is asked twice as often.
    private FollowPace PaceOf(ObservationTarget target) => target.Role == Role.ControlPlane ? pace with { Poll = pace.Poll / 2 } : pace;

    private IPAddress? AddressOf(ObservationTarget target) => addresses.AddressOf(target.Node) ?? Parsed(target.Address);

    private static IPAddress? Parsed(string address) => IPAddress.TryParse(address, out var parsed) ? parsed : null;

    private async Task<Sight> LookAsync(string key, CancellationToken cancellation, CancellationToken stopping)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping);
            limit.CancelAfter(LookLimit);
            return members.TryGetValue(key, out var member)
                ? await LookAtMemberAsync(member, limit.Token)
                : await LookForNewcomerAsync(IPAddress.Parse(key), limit.Token);
        }
        catch (OperationCanceledException)
        {
            LogGaveUp(key);
        }
        catch (Exception failure)
        {
            // One node's odd answer must not end the watch over the others.
            LogFailed(failure, key);
        }
        return Sight.Nothing;
    }

    private async Task<Sight> LookAtMemberAsync(Member member, CancellationToken cancellation)
    {
        var address = AddressOf(member.Target);
        var view = address is null
            ? new() { ApiMode = ApiMode.Unreachable, Error = "no address of this node is known to the agent" }
            : await probe.MemberAsync(member.Lease, member.Target, address, cancellation);
        if (view.ApiMode == ApiMode.Unreachable && await LookElsewhereAsync(member, address, cancellation) is { } elsewhere)
            view = elsewhere;
        view.Node = member.Target.Node;
        if (await reporter.ReportAsync(member.Target.Node, view, ""))
            NudgeControlPlanes(member);
        return new(view.ApiMode, view.Address) { IsWhole = IsWhole(view) };
    }

    private static bool IsWhole(NodeObserved view) =>
        view.Etcd is null or { Reachable: true } && view.Kubernetes is null or { Reachable: true, Ready: true };

    // Its config may give it another address than the one that it had in maintenance mode, and a lease may have ended.
    private async Task<NodeObserved?> LookElsewhereAsync(Member member, IPAddress? tried, CancellationToken cancellation)
    {
        var others = member.Target.Addresses.Append(member.Target.Address).Select(Parsed).OfType<IPAddress>().Where(other => !other.Equals(tried));
        foreach (var other in others.Distinct())
        {
            if (!await probe.IsAtAsync(member.Lease, member.Target, other, cancellation))
                continue;
            addresses.Found(member.Target.Node, other);
            wake.Writer.TryWrite(true);
            return await probe.MemberAsync(member.Lease, member.Target, other, cancellation);
        }
        return null;
    }

    // What happened to one member may have changed what the others' etcd says.
    private void NudgeControlPlanes(Member changed)
    {
        foreach (var other in changed.Lease.Targets.Where(t => t.Role == Role.ControlPlane && t.Node != changed.Target.Node))
            Signal(other.Node, new FollowSignal.Nudged());
    }

    private async Task<Sight> LookForNewcomerAsync(IPAddress address, CancellationToken cancellation)
    {
        if (await probe.NewcomerAsync(address, cancellation) is not { } view || sessions.OwnerOf(address) is not { } mac)
            return Sight.Nothing;
        view.Mac = mac.ToString();
        var session = Primitives.MachineUuid.TryParse(view.Uuid, out var uuid) ? sessions.Find(uuid) : sessions.Find(mac);
        await reporter.ReportAsync(address.ToString(), view, session?.Traceparent ?? "");
        return new(view.ApiMode, view.Address);
    }

    private sealed record Member(Observation Lease, ObservationTarget Target);

    [LoggerMessage(LogLevel.Debug, "looking at {Target} took too long")]
    private partial void LogGaveUp(string target);

    [LoggerMessage(LogLevel.Warning, "looking at {Target} failed")]
    private partial void LogFailed(Exception failure, string target);
}
