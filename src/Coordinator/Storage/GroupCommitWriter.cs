using System.Threading.Channels;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>
/// The only writer of the database. Whatever waits when a commit is over is written with the next one: the cost of one
/// synchronous commit is shared by all of them (dotnet-facts.md 7).
/// </summary>
internal sealed class GroupCommitWriter
{
    private const int QueueLength = 4096;
    private const int GroupSize = 256;

    private readonly Channel<PendingWrite> queue = Channel.CreateBounded<PendingWrite>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true });

    private readonly TaskCompletionSource finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteSession session;
    private readonly CommitSignals signals;

    public GroupCommitWriter(SqliteSession session, CommitSignals signals)
    {
        (this.session, this.signals) = (session, signals);
        // A thread of its own: SQLite blocks in every commit, and the grains' threads are few.
        new Thread(Run) { Name = "fleet.db writer", IsBackground = true }.Start();
    }

    public async Task<T> WriteAsync<T>(string topic, Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<T>(topic, work);
        await queue.Writer.WriteAsync(write, cancellationToken);
        // From here on the write happens; whoever gave up would not know whether it did.
        return await write.Outcome;
    }

    /// <summary>Writes what is waiting and ends.</summary>
    public Task StopAsync()
    {
        queue.Writer.TryComplete();
        return finished.Task;
    }

    private void Run()
    {
        var group = new List<PendingWrite>(GroupSize);
        while (Take(group))
            Write(group);
        finished.SetResult();
    }

    private bool Take(List<PendingWrite> group)
    {
        group.Clear();
        // Blocking is what this thread is for.
        if (!queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            return false;
        while (group.Count < GroupSize && queue.Reader.TryRead(out var write))
            group.Add(write);
        return true;
    }

    private void Write(List<PendingWrite> group)
    {
        try
        {
            session.Execute("BEGIN IMMEDIATE");
            foreach (var write in group)
                write.Execute(session);
            session.Execute("COMMIT");
        }
        catch (Exception cause)
        {
            // A conflict is a result, not an exception: this is a full disk or a broken file, and it hits the whole group.
            var failure = new StorageException($"Writing {group.Count} changes to the database failed: {cause.Message}", RollBack(cause));
            group.ForEach(write => write.Fail(failure));
            return;
        }
        foreach (var topic in group.Select(write => write.Topic).Distinct())
            signals.Committed(topic);
        group.ForEach(write => write.Complete());
    }

    private Exception RollBack(Exception cause)
    {
        try
        {
            // SQLite has rolled back by itself after some errors; the statement then fails, and that is well.
            session.Execute("ROLLBACK");
            return cause;
        }
        catch (Microsoft.Data.Sqlite.SqliteException alsoFailed)
        {
            return new AggregateException(cause, alsoFailed);
        }
    }
}
