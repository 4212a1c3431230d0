using Cozy.Fleet.Domain.Events;

namespace Cozy.Fleet.Coordinator.Events;

/// <summary>An event and its place in the log.</summary>
public sealed record LoggedEvent(long Sequence, FleetEvent Event);

/// <summary>What happened in the fleet, in order. Durable when the task completes.</summary>
public interface IEventLog
{
    Task AppendAsync(FleetEvent happened, CancellationToken cancellationToken);

    /// <summary>Newest first, with sequences below <paramref name="beforeSequence"/>.</summary>
    ValueTask<IReadOnlyList<LoggedEvent>> ListAsync(long beforeSequence, int limit, CancellationToken cancellationToken);

    IAsyncEnumerable<LoggedEvent> WatchAsync(long afterSequence, CancellationToken cancellationToken);
}
