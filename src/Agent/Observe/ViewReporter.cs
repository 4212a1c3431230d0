using System.Collections.Concurrent;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>
/// Reports views that are news, and the same view again with the first look after ten seconds, so that nobody mistakes silence for health.
/// </summary>
internal sealed class ViewReporter(Journal journal, TimeProvider clock)
{
    private static readonly TimeSpan RepeatInterval = TimeSpan.FromSeconds(10);

    // Without the coordinator nobody reads repetitions; they would only fill the disk.
    private const int PendingBeforeSilence = 1000;

    private readonly ConcurrentDictionary<string, (NodeObserved View, DateTimeOffset Time)> reported = new();

    /// <returns>True when the view is another than the last one.</returns>
    public async Task<bool> ReportAsync(string key, NodeObserved view, string traceparent)
    {
        var now = clock.GetUtcNow();
        var known = reported.TryGetValue(key, out var last) && SameView(last.View, view);
        if (known && (now - last.Time < RepeatInterval || journal.Pending > PendingBeforeSilence))
            return false;
        reported[key] = (view, now);
        await journal.AppendAsync(new() { NodeObserved = view, Traceparent = traceparent });
        return !known;
    }

    /// <summary>Nobody looks there any more.</summary>
    public void Forget(string key) => reported.TryRemove(key, out _);

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
}
