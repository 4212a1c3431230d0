using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Records as rows of <see cref="FleetDatabase"/>. The etag is the revision of the row's last write.</summary>
internal sealed class SqliteRecordStore : IRecordStore
{
    private const int WatchPage = 256;
    private const string Columns = "SELECT kind, name, revision, deleted, data FROM records";

    private readonly FleetDatabase database;
    private long revision;

    public SqliteRecordStore(FleetDatabase database)
    {
        this.database = database;
        revision = database.Read(s => s.Number("SELECT value FROM counters WHERE name = 'revision'"));
    }

    /// <remarks>It may lag behind a commit by a moment, never run ahead: a watch that starts from it misses nothing.</remarks>
    public long Revision => Volatile.Read(ref revision);

    public async ValueTask<StoredRecord?> ReadAsync(string kind, string name, CancellationToken cancellationToken)
    {
        var rows = await database.ReadAsync(
            s => s.Rows($"{Columns} WHERE kind = ?1 AND name = ?2 AND deleted = 0", Row, kind, name), cancellationToken);
        return rows.SingleOrDefault();
    }

    public async Task<StoredRecord?> WriteAsync(
        string kind, string name, string? etag, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var bytes = data.ToArray();
        var written = await database.WriteAsync(
            kind, s => etag is null ? Insert(s, kind, name, bytes) : Update(s, (kind, name, etag), bytes, deleted: 0), cancellationToken);
        return written is { } at ? new(kind, name, Etag(at), Advance(at), false, bytes) : null;
    }

    public async Task<bool> DeleteAsync(string kind, string name, string etag, CancellationToken cancellationToken)
    {
        var written = await database.WriteAsync(kind, s => Update(s, (kind, name, etag), [], deleted: 1), cancellationToken);
        if (written is { } at)
            Advance(at);
        return written is not null;
    }

    public async ValueTask<IReadOnlyList<StoredRecord>> ListAsync(
        string kind, string afterName, int limit, CancellationToken cancellationToken) => await database.ReadAsync(
            s => s.Rows($"{Columns} WHERE kind = ?1 AND name > ?2 AND deleted = 0 ORDER BY name LIMIT ?3", Row, kind, afterName, limit),
            cancellationToken);

    public async IAsyncEnumerable<StoredRecord> WatchAsync(
        string kind, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A revision from the future was given out before the database was restored from a copy: nothing after it can be told
        // apart, so everything is told.
        var after = afterRevision > Revision ? 0 : afterRevision;
        while (true)
        {
            var committed = database.NextCommit(kind);
            var rows = await database.ReadAsync(
                s => s.Rows($"{Columns} WHERE kind = ?1 AND revision > ?2 ORDER BY revision LIMIT {WatchPage}", Row, kind, after),
                cancellationToken);
            foreach (var row in rows)
            {
                yield return row;
                after = row.Revision;
            }
            if (rows.Count < WatchPage)
                await committed.WaitAsync(cancellationToken);
        }
    }

    private static long? Insert(SqliteSession session, string kind, string name, byte[] data)
    {
        var next = NextRevision(session);
        var changed = session.Execute(
            """
            INSERT INTO records VALUES (?1, ?2, ?3, 0, ?4) ON CONFLICT (kind, name) DO UPDATE
            SET revision = excluded.revision, deleted = 0, data = excluded.data WHERE records.deleted = 1
            """,
            kind, name, next, data);
        return changed == 1 ? next : null;
    }

    private static long? Update(SqliteSession session, (string Kind, string Name, string Etag) row, byte[] data, int deleted)
    {
        if (!long.TryParse(row.Etag, NumberStyles.None, CultureInfo.InvariantCulture, out var expected))
            return null;
        var next = NextRevision(session);
        var changed = session.Execute(
            "UPDATE records SET revision = ?3, data = ?4, deleted = ?5 WHERE kind = ?1 AND name = ?2 AND revision = ?6 AND deleted = 0",
            row.Kind, row.Name, next, data, deleted, expected);
        return changed == 1 ? next : null;
    }

    private static long NextRevision(SqliteSession session) =>
        session.Number("UPDATE counters SET value = value + 1 WHERE name = 'revision' RETURNING value");

    private static StoredRecord Row(SqliteDataReader row)
    {
        var revision = row.GetInt64(2);
        return new(row.GetString(0), row.GetString(1), Etag(revision), revision, row.GetInt64(3) != 0, row.GetFieldValue<byte[]>(4));
    }

    private static string Etag(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    private long Advance(long written)
    {
        // Tasks of one commit continue in any order; the number never goes back.
        for (var seen = Revision; seen < written; seen = Revision)
            Interlocked.CompareExchange(ref revision, written, seen);
        return written;
    }
}
