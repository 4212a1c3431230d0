using System.Runtime.CompilerServices;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Events;
using Microsoft.Data.Sqlite;

namespace Cozy.Fleet.Coordinator.Events;

/// <summary>Events in a table of their own beside the records, written by the same writer.</summary>
/// <param name="capacity">How many events are kept; the oldest go first.</param>
internal sealed class SqliteEventLog(FleetDatabase database, long capacity = SqliteEventLog.DefaultCapacity) : IEventLog
{
    /// <summary>About 100 MB of sentences: weeks of a large fleet, years of a small one.</summary>
    public const long DefaultCapacity = 400_000;

    private const string Topic = "events";
    private const int WatchPage = 256;

    public Task AppendAsync(FleetEvent happened, CancellationToken cancellationToken)
    {
        var data = RecordJson.Write(happened);
        return database.WriteAsync(Topic, session => Append(session, data), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<LoggedEvent>> ListAsync(long beforeSequence, int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(
            s => s.Rows("SELECT sequence, data FROM events WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2", Row, beforeSequence, limit),
            cancellationToken);

    public async IAsyncEnumerable<LoggedEvent> WatchAsync(
        long afterSequence, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var committed = database.NextCommit(Topic);
            var rows = await database.ReadAsync(
                s => s.Rows($"SELECT sequence, data FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT {WatchPage}", Row, afterSequence),
                cancellationToken);
            foreach (var row in rows)
            {
                yield return row;
                afterSequence = row.Sequence;
            }
            if (rows.Count < WatchPage)
                await committed.WaitAsync(cancellationToken);
        }
    }

    private long Append(SqliteSession session, byte[] data)
    {
        var sequence = session.Number("INSERT INTO events (data) VALUES (?1) RETURNING sequence", data);
        session.Execute("DELETE FROM events WHERE sequence <= ?1", sequence - capacity);
        return sequence;
    }

    private static LoggedEvent Row(SqliteDataReader row) =>
        new(row.GetInt64(0), RecordJson.Read<FleetEvent>(row.GetFieldValue<byte[]>(1)));
}
