using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class ListTests(RunningApi api) : IClassFixture<RunningApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_neither_repeat_nor_miss_a_resource_while_others_are_written()
    {
        foreach (var name in new[] { "p-b", "p-d", "p-f" })
            await api.SeenAsync(name, rack: "pages");
        const string Filter = "status.rack = pages";
        var first = await api.Nodes.ListNodesAsync(new() { PageSize = 2, Filter = Filter }, cancellationToken: Token);
        await api.SeenAsync("p-a", rack: "pages");
        await api.SeenAsync("p-e", rack: "pages");

        var second = await api.Nodes.ListNodesAsync(
            new() { PageSize = 2, Filter = Filter, PageToken = first.NextPageToken }, cancellationToken: Token);

        Assert.Equal(["p-b", "p-d"], first.Nodes.Select(n => n.Metadata.Name));
        Assert.Equal(["p-e", "p-f"], second.Nodes.Select(n => n.Metadata.Name));
        Assert.Equal("", second.NextPageToken);
    }

    [Fact]
    public async Task More_machines_than_one_batch_of_rows_come_whole()
    {
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => api.SeenAsync($"many-{i:000}", rack: "many")));

        var all = await api.Nodes.ListNodesAsync(new() { PageSize = 5000, Filter = "status.rack = many" }, cancellationToken: Token);

        Assert.Equal(300, all.Nodes.Select(n => n.Metadata.Name).Distinct().Count());
    }

    [Theory]
    [InlineData(-1, "", "", "page_size")]
    [InlineData(0, "nonsense", "", "page_token")]
    [InlineData(0, "", "status.rak = r1", "filter")]
    [InlineData(0, "", "status.rack", "filter")]
    [InlineData(0, "", "status.facts = x", "filter")]
    public async Task What_cannot_be_answered_is_refused_by_field(int size, string token, string filter, string field)
    {
        var (code, fields) = await RunningApi.RefusalAsync(
            () => api.Nodes.ListNodesAsync(new() { PageSize = size, PageToken = token, Filter = filter }).ResponseAsync);

        Assert.Equal((StatusCode.InvalidArgument, field), (code, Assert.Single(fields)));
    }

    [Fact]
    public async Task A_page_token_belongs_to_its_filter()
    {
        await api.SeenAsync("bound-1", rack: "bound");
        await api.SeenAsync("bound-2", rack: "bound");
        var first = await api.Nodes.ListNodesAsync(new() { PageSize = 1, Filter = "status.rack = bound" }, cancellationToken: Token);

        var (_, fields) = await RunningApi.RefusalAsync(() => api.Nodes.ListNodesAsync(
            new() { PageSize = 1, Filter = "status.rack = other", PageToken = first.NextPageToken }).ResponseAsync);

        Assert.Equal(["page_token"], fields);
    }

    [Fact]
    public async Task Events_come_newest_first_in_pages()
    {
        var grain = await api.SeenAsync("eventful");
        foreach (var reason in new[] { "one", "two", "three" })
            await grain.Quarantine(reason);
        const string Filter = "subject = nodes/eventful AND severity = EVENT_SEVERITY_WARNING";

        var first = await api.Events.ListEventsAsync(new() { PageSize = 2, Filter = Filter }, cancellationToken: Token);
        var second = await api.Events.ListEventsAsync(
            new() { PageSize = 2, Filter = Filter, PageToken = first.NextPageToken }, cancellationToken: Token);

        Assert.Equal(["three", "two"], first.Events.Select(e => e.Message));
        Assert.Equal(["one"], second.Events.Select(e => e.Message));
        Assert.Equal("", second.NextPageToken);
    }

    [Fact]
    public async Task Events_are_watched_behind_the_last_one_seen()
    {
        var grain = await api.SeenAsync("followed");
        await grain.Quarantine("before");
        var seen = await api.Events.ListEventsAsync(new() { PageSize = 1 }, cancellationToken: Token);
        using var watch = api.Events.WatchEvents(
            new() { Filter = "subject = nodes/followed", AfterSequence = seen.Events[0].Sequence }, cancellationToken: Token);

        await grain.Quarantine("after");

        Assert.Equal("after", (await RunningApi.NextAsync(watch.ResponseStream)).Event.Message);
    }
}
