using System.Text;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Storage;

public sealed class SqliteRecordStoreTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private FleetDatabase database = null!;
    private SqliteRecordStore store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        database = FleetDatabase.Open(directory.Path);
        store = new(database);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_written_record_is_read_back()
    {
        var written = await Write("nodes", "a", null, "one");

        var read = await store.ReadAsync("nodes", "a", Token);

        Assert.Equal("one", Text(read!));
        Assert.Equal((written!.Etag, written.Revision, false), (read!.Etag, read.Revision, read.Deleted));
    }

    [Fact]
    public async Task A_record_is_created_once() =>
        Assert.Null((await Write("nodes", "a", null, "one"), await Write("nodes", "a", null, "two")).Item2);

    [Theory, InlineData("12345"), InlineData(""), InlineData("not a number"), InlineData("-1")]
    public async Task A_write_with_another_etag_changes_nothing(string etag)
    {
        await Write("nodes", "a", null, "one");

        Assert.Null(await Write("nodes", "a", etag, "two"));
        Assert.False(await store.DeleteAsync("nodes", "a", etag, Token));

        Assert.Equal("one", Text((await store.ReadAsync("nodes", "a", Token))!));
    }

    [Fact]
    public async Task Of_many_who_update_at_once_one_wins()
    {
        var first = await Write("nodes", "a", null, "0");

        var outcomes = await Task.WhenAll(Enumerable.Range(1, 50).Select(i => Write("nodes", "a", first!.Etag, $"{i}")));

        var winner = Assert.Single(outcomes, o => o is not null);
        Assert.Equal(Text(winner!), Text((await store.ReadAsync("nodes", "a", Token))!));
    }

    [Fact]
    public async Task A_deleted_record_is_gone_and_may_come_again()
    {
        var first = await Write("nodes", "a", null, "one");
        Assert.True(await store.DeleteAsync("nodes", "a", first!.Etag, Token));

        Assert.Null(await store.ReadAsync("nodes", "a", Token));
        Assert.Empty(await store.ListAsync("nodes", "", 10, Token));
        Assert.Null(await Write("nodes", "a", first.Etag, "late"));

        var second = await Write("nodes", "a", null, "two");
        Assert.NotEqual(first.Etag, second!.Etag);
    }

    [Fact]
    public async Task A_list_goes_on_behind_a_name()
    {
        foreach (var name in new[] { "c", "a", "b" })
            await Write("nodes", name, null, name);
        await Write("racks", "aa", null, "of another kind");

        Assert.Equal(["a", "b"], (await store.ListAsync("nodes", "", 2, Token)).Select(r => r.Name));
        Assert.Equal(["c"], (await store.ListAsync("nodes", "b", 2, Token)).Select(r => r.Name));
    }

    [Fact]
    public async Task A_watch_tells_what_was_written_and_what_is_written()
    {
        var old = await Write("nodes", "old", null, "1");
        await using var watch = store.WatchAsync("nodes", 0, Token).GetAsyncEnumerator(Token);
        Assert.Equal("old", (await Next(watch)).Name);

        var next = Next(watch);
        await Write("racks", "r", null, "of another kind");
        await store.DeleteAsync("nodes", "old", old!.Etag, Token);

        var told = await next;
        Assert.True(told.Deleted);
        Assert.Empty(told.Data.ToArray());
    }

    [Fact]
    public async Task A_watch_resumes_behind_a_revision()
    {
        var first = await Write("nodes", "a", null, "1");
        await Write("nodes", "b", null, "2");

        await using var watch = store.WatchAsync("nodes", first!.Revision, Token).GetAsyncEnumerator(Token);

        Assert.Equal("b", (await Next(watch)).Name);
    }

    [Fact]
    public async Task A_watch_from_the_future_tells_everything()
    {
        await Write("nodes", "a", null, "1");

        await using var watch = store.WatchAsync("nodes", 1_000_000, Token).GetAsyncEnumerator(Token);

        Assert.Equal("a", (await Next(watch)).Name);
    }

    [Fact]
    public async Task Watchers_see_the_last_state_of_every_record_while_many_write()
    {
        const int Records = 40, Rounds = 20;
        var watching = Enumerable.Range(0, 3).Select(_ => WatchUntil(Records, $"{Rounds}")).ToArray();

        await Task.WhenAll(Enumerable.Range(0, Records).Select(async record =>
        {
            string? etag = null;
            for (var round = 1; round <= Rounds; round++)
                etag = (await Write("nodes", $"n{record}", etag, $"{round}"))!.Etag;
        }));

        await Task.WhenAll(watching);
    }

    [Fact]
    public async Task Revisions_grow_across_kinds_and_restarts()
    {
        var first = await Write("nodes", "a", null, "1");
        await store.DeleteAsync("nodes", "a", first!.Etag, Token);
        var before = store.Revision;
        await database.DisposeAsync();

        await InitializeAsync();
        Assert.Equal(before, store.Revision);
        Assert.True((await Write("racks", "r", null, "2"))!.Revision > before);
    }

    private async Task WatchUntil(int records, string last)
    {
        var states = new Dictionary<string, string>();
        long revision = 0;
        await foreach (var row in store.WatchAsync("nodes", 0, Token))
        {
            Assert.True(row.Revision > revision);
            (revision, states[row.Name]) = (row.Revision, Text(row));
            if (states.Count == records && states.Values.All(s => s == last))
                return;
        }
    }

    private Task<StoredRecord?> Write(string kind, string name, string? etag, string data) =>
        store.WriteAsync(kind, name, etag, Encoding.UTF8.GetBytes(data), Token);

    private static async Task<StoredRecord> Next(IAsyncEnumerator<StoredRecord> watch)
    {
        Assert.True(await watch.MoveNextAsync());
        return watch.Current;
    }

    private static string Text(StoredRecord record) => Encoding.UTF8.GetString(record.Data.Span);
}
