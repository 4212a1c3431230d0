using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>The coordinator's database: one file, one writer, readers beside it (WAL).</summary>
internal sealed class FleetDatabase : IAsyncDisposable
{
    public const string FileName = "fleet.db";

    private readonly ConcurrentBag<SqliteSession> readers = [];
    private readonly CommitSignals signals = new();
    private readonly string connectionString;
    private readonly SqliteSession writing;
    private readonly GroupCommitWriter writer;

    private FleetDatabase(string connectionString, SqliteSession writing)
    {
        (this.connectionString, this.writing) = (connectionString, writing);
        writer = new(writing, signals);
    }

    /// <exception cref="StorageException">The file is not ours, is damaged, or belongs to a newer coordinator.</exception>
    public static FleetDatabase Open(string directory)
    {
        var file = Path.Combine(directory, FileName);
        try
        {
            PrivateFiles.CreateDirectory(directory);
            // SQLite gives its two companion files the mode of the first.
            PrivateFiles.Touch(file);
            var connection = new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString();
            // FULL: what was acknowledged survives a power loss. With group commit it costs next to nothing under load.
            return new(connection, Prepared(new(connection, "journal_mode=WAL", "synchronous=FULL"), file));
        }
        catch (Exception cause) when (cause is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The database {file} cannot be opened: {cause.Message}", cause);
        }
    }

    /// <summary>Runs the work in the next transaction; the task completes when it is on disk.</summary>
    public Task<T> WriteAsync<T>(string topic, Func<SqliteSession, T> work, CancellationToken cancellationToken) =>
        writer.WriteAsync(topic, work, cancellationToken);

    /// <summary>Runs a query on a thread of the pool: SQLite knows no waiting without blocking.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteSession, T> query, CancellationToken cancellationToken) =>
        Task.Run(() => Read(query), cancellationToken);

    /// <summary>For the start only, when nobody waits; else <see cref="ReadAsync"/>.</summary>
    public T Read<T>(Func<SqliteSession, T> query)
    {
        if (!readers.TryTake(out var session))
            session = new(connectionString, "query_only=1");
        try
        {
            var result = query(session);
            readers.Add(session);
            return result;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="CommitSignals.Next"/>
    public Task NextCommit(string topic) => signals.Next(topic);

    public async ValueTask DisposeAsync()
    {
        await writer.StopAsync();
        while (readers.TryTake(out var reader))
            reader.Dispose();
        writing.Dispose();
    }

    private static SqliteSession Prepared(SqliteSession session, string file)
    {
        try
        {
            FleetSchema.Prepare(session, file);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }
}
