namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>The tables, and the version that is written into the file.</summary>
internal static class FleetSchema
{
    private const long Version = 1;

    // A deleted record stays as a row without data: watches tell of it. The revision of a row is its etag.
    private static readonly string[] Tables =
    [
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO counters VALUES ('revision', 0)",
        """
        CREATE TABLE records (
            kind TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, deleted INTEGER NOT NULL, data BLOB NOT NULL,
            PRIMARY KEY (kind, name)) WITHOUT ROWID
        """,
        "CREATE UNIQUE INDEX records_by_revision ON records (kind, revision)",
        "CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL)",
        // "czfl" as a number, so that the file says whose it is.
        "PRAGMA application_id = 1668966508",
        "PRAGMA user_version = 1",
    ];

    /// <exception cref="StorageException">The file was written by a newer coordinator.</exception>
    public static void Prepare(SqliteSession session, string file)
    {
        session.Execute("BEGIN IMMEDIATE");
        var found = session.Number("PRAGMA user_version");
        if (found == 0)
            Create(session, file);
        session.Execute("COMMIT");
        if (found is not (0 or Version))
        {
            throw new StorageException(
                $"The database {file} has schema version {found}, this coordinator knows {Version}: start the coordinator that wrote it, or a newer one.");
        }
    }

    private static void Create(SqliteSession session, string file)
    {
        if (session.Number("SELECT count(*) FROM sqlite_master") > 0)
            throw new StorageException($"The database {file} holds tables of another program; choose another data directory.");
        foreach (var statement in Tables)
            session.Execute(statement);
    }
}
