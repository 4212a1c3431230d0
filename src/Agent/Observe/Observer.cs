using System.Collections.Concurrent;
using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>
/// Looks at nodes and reports what changed: members of clusters with the credentials that the coordinator lent, and machines that were
/// given an address lately, in maintenance mode. A view is reported again every ten seconds, so that nobody mistakes silence for health.
/// </summary>
internal sealed partial class Observer(
    AgentConfig config, BootSessions sessions, AddressBook addresses, NodeProbe probe, Journal journal, TimeProvider clock,
    ILogger<Observer> log) : BackgroundService
{
    private static readonly TimeSpan RepeatInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Newcomer = TimeSpan.FromMinutes(30);
    private const int TicksPerRound = 12;

    // Without the coordinator nobody reads repetitions; they would only fill the disk.
    private const int PendingBeforeSilence = 1000;

    private readonly ConcurrentDictionary<string, Observation> leases = new();
    private readonly ConcurrentDictionary<string, (NodeObserved View, DateTimeOffset Time)> reported = new();
    private readonly ConcurrentDictionary<string, byte> busy = new();

    /// <summary>A lease of observation: replaces the former one of its cluster, and lives in memory only.</summary>
    public void Take(Observation observation)
    {
        if (observation.ExpireTime is not null)
            leases[observation.Cluster] = observation;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var ticks = 0;
        using var timer = new PeriodicTimer(config.ObserveInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var (cluster, lease) in leases.Where(l => l.Value.ExpireTime.ToDateTimeOffset() <= clock.GetUtcNow()))
                leases.TryRemove(KeyValuePair.Create(cluster, lease));
            foreach (var lease in leases.Values)
            {
                foreach (var target in lease.Targets)
                    Start(target.Node, token => LookAtMemberAsync(lease, target, token), stoppingToken);
            }
            // Most machines come up soon after they were given an address; for as long as they have it they are looked at once a minute.
            var all = ++ticks % TicksPerRound == 0;
            LookForNewcomers(all ? TimeSpan.MaxValue : Newcomer, stoppingToken);
        }
    }

    // A slow node keeps nobody else waiting, and is not asked twice at once.
    private void Start(string key, Func<CancellationToken, Task> look, CancellationToken cancellation)
    {
        if (busy.TryAdd(key, 0))
            _ = LookAsync(key, look, cancellation);
    }

    private async Task LookAsync(string key, Func<CancellationToken, Task> look, CancellationToken cancellation)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(TimeSpan.FromSeconds(20));
            await look(limit.Token);
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
        finally
        {
            busy.TryRemove(key, out _);
        }
    }

    private async Task LookAtMemberAsync(Observation lease, ObservationTarget target, CancellationToken cancellation)
    {
        var address = addresses.AddressOf(target.Node) ?? (IPAddress.TryParse(target.Address, out var given) ? given : null);
        var view = address is null
            ? new() { ApiMode = ApiMode.Unreachable, Error = "no address of this node is known to the agent" }
            : await probe.MemberAsync(lease, target, address, cancellation);
        view.Node = target.Node;
        await ReportAsync(target.Node, view, "");
    }

    private void LookForNewcomers(TimeSpan within, CancellationToken cancellation)
    {
        var members = leases.Values.SelectMany(l => l.Targets).Select(t => addresses.AddressOf(t.Node)?.ToString() ?? t.Address).ToHashSet();
        foreach (var (mac, address) in sessions.RecentAddresses(within).Where(a => !members.Contains(a.Address.ToString())))
        {
            Start(address.ToString(), async token =>
            {
                if (await probe.NewcomerAsync(address, token) is not { } view)
                    return;
                view.Mac = mac.ToString();
                var session = Primitives.MachineUuid.TryParse(view.Uuid, out var uuid) ? sessions.Find(uuid) : sessions.Find(mac);
                await ReportAsync(address.ToString(), view, session?.Traceparent ?? "");
            }, cancellation);
        }
    }

    private async Task ReportAsync(string key, NodeObserved view, string traceparent)
    {
        var now = clock.GetUtcNow();
        if (reported.TryGetValue(key, out var last) && SameView(last.View, view)
            && (now - last.Time < RepeatInterval || journal.Pending > PendingBeforeSilence))
            return;
        reported[key] = (view, now);
        await journal.AppendAsync(new() { NodeObserved = view, Traceparent = traceparent });
    }

    // etcd's counters run all the time; they are news only together with something else.
    private static bool SameView(NodeObserved a, NodeObserved b)
    {
        var (left, right) = (a.Clone(), b.Clone());
        foreach (var etcd in new[] { left.Etcd, right.Etcd })
        {
            if (etcd is not null)
                (etcd.RaftIndex, etcd.RaftAppliedIndex, etcd.DbSize) = (0, 0, 0);
        }
        return left.Equals(right);
    }

    [LoggerMessage(LogLevel.Debug, "looking at {Target} took too long")]
    private partial void LogGaveUp(string target);

    [LoggerMessage(LogLevel.Warning, "looking at {Target} failed")]
    private partial void LogFailed(Exception failure, string target);
}
