using System.Collections.Concurrent;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>How often something was refused, by reason, since the start. Strangers' packets are counted, not logged one by one.</summary>
internal sealed class RefusalCounters
{
    private readonly ConcurrentDictionary<string, long> counts = new();

    /// <param name="reason">Such as <c>dhcp/truncated</c> or <c>tftp/file-not-found</c>.</param>
    public void Count(string reason) => counts.AddOrUpdate(reason, 1, static (_, n) => n + 1);

    public IReadOnlyDictionary<string, ulong> Snapshot() => counts.ToDictionary(c => c.Key, c => (ulong)c.Value);
}
