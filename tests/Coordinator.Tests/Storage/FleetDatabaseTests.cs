using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Storage;

public sealed class FleetDatabaseTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Only_the_owner_may_read_the_files()
    {
        var data = directory.File("data");
        await using var database = FleetDatabase.Open(data);
        var store = new SqliteRecordStore(database);
        await store.WriteAsync("nodes", "a", null, "{}"u8.ToArray(), Token);

        Assert.Equal(3, Directory.GetFiles(data).Length); // The database, its log and its index.
        Assert.All(Directory.GetFiles(data), f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data));
    }

    [Fact]
    public async Task What_was_acknowledged_survives_a_crash()
    {
        // A copy of the files while the database is open is what a process leaves behind that is killed at this moment.
        var database = FleetDatabase.Open(directory.File("running"));
        var store = new SqliteRecordStore(database);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => store.WriteAsync("nodes", $"n{i}", null, "{}"u8.ToArray(), Token)));
        Directory.CreateDirectory(directory.File("crashed"));
        foreach (var file in new[] { FleetDatabase.FileName, FleetDatabase.FileName + "-wal" })
            File.Copy(Path.Combine(directory.File("running"), file), Path.Combine(directory.File("crashed"), file));
        await database.DisposeAsync();

        await using var reopened = FleetDatabase.Open(directory.File("crashed"));
        var found = new SqliteRecordStore(reopened);

        Assert.Equal(100, (await found.ListAsync("nodes", "", 1000, Token)).Count);
        Assert.Equal(store.Revision, found.Revision);
    }

    [Fact]
    public async Task A_database_of_a_newer_coordinator_is_refused()
    {
        await using (var database = FleetDatabase.Open(directory.Path))
            await database.ReadAsync(s => s.Number("PRAGMA user_version"), Token);
        using (var session = new SqliteSession($"Data Source={directory.File("fleet.db")};Pooling=False"))
            session.Execute("PRAGMA user_version = 7");

        var refusal = Assert.Throws<StorageException>(() => FleetDatabase.Open(directory.Path));

        Assert.Contains("schema version 7, this coordinator knows 1", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(directory.File("fleet.db"), new string('x', 5000));

        Assert.Contains("not a database", Assert.Throws<StorageException>(() => FleetDatabase.Open(directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_of_another_program_is_refused()
    {
        using (var session = new SqliteSession($"Data Source={directory.File("fleet.db")};Pooling=False"))
            session.Execute("CREATE TABLE theirs (id INTEGER)");

        Assert.Contains("another program", Assert.Throws<StorageException>(() => FleetDatabase.Open(directory.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_write_fails_its_caller_and_the_next_one_succeeds()
    {
        await using var database = FleetDatabase.Open(directory.Path);

        var failure = await Assert.ThrowsAsync<StorageException>(
            () => database.WriteAsync("nodes", s => s.Execute("INSERT INTO nowhere VALUES (1)"), Token));

        Assert.Contains("nowhere", failure.Message, StringComparison.Ordinal);
        var store = new SqliteRecordStore(database);
        Assert.NotNull(await store.WriteAsync("nodes", "a", null, "{}"u8.ToArray(), Token));
    }
}
