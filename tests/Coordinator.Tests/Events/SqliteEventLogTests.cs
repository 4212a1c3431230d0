using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Domain.Events;

namespace Cozy.Fleet.Coordinator.Tests.Events;

public sealed class SqliteEventLogTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private FleetDatabase database = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        database = FleetDatabase.Open(directory.Path);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Events_are_listed_newest_first_page_by_page()
    {
        var log = new SqliteEventLog(database);
        foreach (var reason in new[] { "A", "B", "C" })
            await log.AppendAsync(Happened(reason), Token);

        var page = await log.ListAsync(long.MaxValue, 2, Token);
        var rest = await log.ListAsync(page[^1].Sequence, 2, Token);

        Assert.Equal(["C", "B"], page.Select(e => e.Event.Reason));
        Assert.Equal([Happened("A")], rest.Select(e => e.Event));
    }

    [Fact]
    public async Task A_watch_goes_on_behind_a_sequence_and_waits_for_more()
    {
        var log = new SqliteEventLog(database);
        await log.AppendAsync(Happened("A"), Token);
        await log.AppendAsync(Happened("B"), Token);
        await using var watch = log.WatchAsync(1, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal("B", watch.Current.Event.Reason);

        var next = watch.MoveNextAsync();
        await log.AppendAsync(Happened("C"), Token);

        Assert.True(await next);
        Assert.Equal((3, "C"), (watch.Current.Sequence, watch.Current.Event.Reason));
    }

    [Fact]
    public async Task The_oldest_events_go_when_the_log_is_full()
    {
        var log = new SqliteEventLog(database, capacity: 2);
        foreach (var reason in new[] { "A", "B", "C" })
            await log.AppendAsync(Happened(reason), Token);

        Assert.Equal(["C", "B"], (await log.ListAsync(long.MaxValue, 10, Token)).Select(e => e.Event.Reason));
    }

    private static FleetEvent Happened(string reason) =>
        new(DateTimeOffset.UnixEpoch, EventSeverity.Normal, "nodes/n1", reason, "It happened.");
}
