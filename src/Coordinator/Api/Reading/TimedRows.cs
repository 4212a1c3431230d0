using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>The rows of a store's watch, with a sign of life when there were none for a while.</summary>
internal sealed class TimedRows : IAsyncDisposable
{
    private readonly CancellationTokenSource ending = new();
    private readonly IAsyncEnumerator<StoredRecord> rows;
    private readonly IRecordStore store;
    private readonly TimeProvider time;
    private Task<bool>? pending;

    public TimedRows(IRecordStore store, string kind, long after, TimeProvider time)
    {
        (this.store, this.time, Revision) = (store, time, after);
        rows = store.WatchAsync(kind, after, ending.Token).GetAsyncEnumerator(ending.Token);
    }

    /// <summary>Every change of the kind up to here was given out.</summary>
    public long Revision { get; private set; }

    /// <summary>The next row, or null when the time passed without one.</summary>
    public async Task<StoredRecord?> NextAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        // Other kinds move the store on as well. What was committed before the wait would have come during all of it.
        var before = store.Revision;
        pending ??= rows.MoveNextAsync().AsTask();
        if (!await CompletesAsync(pending, patience, cancellationToken))
        {
            Revision = Math.Max(Revision, before);
            return null;
        }
        if (!await pending)
            throw new InvalidOperationException("The store ended a watch by itself.");
        pending = null;
        Revision = rows.Current.Revision;
        return rows.Current;
    }

    public async ValueTask DisposeAsync()
    {
        // An iterator may not be disposed while it is being moved.
        await ending.CancelAsync();
        if (pending is not null)
            await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await rows.DisposeAsync();
        ending.Dispose();
    }

    private async Task<bool> CompletesAsync(Task task, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(patience, time, cancellationToken);
            return true;
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            return false;
        }
    }
}
