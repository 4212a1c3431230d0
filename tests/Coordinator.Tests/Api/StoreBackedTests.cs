using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Services;
using Cozy.Fleet.Coordinator.Api.Views;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Rollouts;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>What depends on the clock or on what a crash left in the store.</summary>
public sealed class StoreBackedTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTime time = new();
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
    public async Task A_quiet_watch_sends_a_bookmark_that_follows_the_whole_store()
    {
        var watch = new ResourceWatch<V1.Node>(store, new NodeView(), time);
        await using var changes = watch.WatchAsync("", "", Token).GetAsyncEnumerator(Token);
        await changes.MoveNextAsync();
        Assert.Equal((V1.ChangeType.Bookmark, "0"), (changes.Current.Type, changes.Current.ResumeToken));
        await store.WriteAsync("other", "x", null, new byte[] { 1 }, Token);

        var next = changes.MoveNextAsync().AsTask();
        await time.Armed.WaitAsync(Token);
        time.Advance(ResourceWatch<V1.Node>.BookmarkInterval);

        Assert.True(await next);
        Assert.Equal((V1.ChangeType.Bookmark, "1"), (changes.Current.Type, changes.Current.ResumeToken));
    }

    [Fact]
    public async Task A_result_is_kept_for_a_day_and_across_restarts()
    {
        var calls = 0;
        async Task<string> AskAsync()
        {
            using var expiry = new RequestExpiry(store, time);
            var key = new RequestKey("CreateRack", "ann", "4f1c0f4e-3d0b-4c5e-9a55-2d6f0f9d3a10");
            var made = await new RequestLedger(store, expiry, time).OnceAsync(key, new V1.CreateRackRequest(), () =>
                Task.FromResult(new V1.CreateRackResponse { Rack = new() { Metadata = new() { Name = $"r{++calls}" } } }), Token);
            return made.Rack.Metadata.Name;
        }

        var (first, second) = (await AskAsync(), await AskAsync());
        time.Advance(RequestExpiry.Lifetime);
        var third = await AskAsync();

        Assert.Equal(("r1", "r1", "r2"), (first, second, third));
    }

    [Fact]
    public async Task The_oldest_results_make_room_for_new_ones()
    {
        using var expiry = new RequestExpiry(store, time) { Capacity = 3 };
        var ledger = new RequestLedger(store, expiry, time);
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await ledger.OnceAsync(new("M", "ann", $"id-{i}"), new V1.DeleteRackRequest(), () => Task.FromResult(new V1.DeleteRackResponse()), Token);
        }

        var kept = await store.ListAsync(RequestLedger.Kind, "", 100, Token);

        var youngest = Enumerable.Range(2, 3).Select(i => new RequestKey("M", "ann", $"id-{i}").Digest).Order(StringComparer.Ordinal);
        Assert.Equal(youngest, kept.Select(row => row.Name));
    }

    [Fact]
    public async Task A_refused_request_is_judged_anew_when_it_is_repeated()
    {
        using var expiry = new RequestExpiry(store, time);
        var ledger = new RequestLedger(store, expiry, time);
        var key = new RequestKey("M", "ann", "id");
        await Assert.ThrowsAsync<InvalidOperationException>(() => ledger.OnceAsync<V1.DeleteRackResponse>(
            key, new V1.DeleteRackRequest(), () => throw new InvalidOperationException("busy"), Token));

        Assert.NotNull(await ledger.OnceAsync(key, new V1.DeleteRackRequest(), () => Task.FromResult(new V1.DeleteRackResponse()), Token));
    }

    [Theory]
    [InlineData("", "c1-v1.13.1")]
    [InlineData("c1-v1.13.1", "c1-v1.13.1-2")]
    [InlineData("c1-v1.13.1 c1-v1.13.1-2", "c1-v1.13.1-3")]
    public async Task A_rollout_without_a_name_is_called_by_cluster_and_version(string taken, string expected)
    {
        foreach (var name in taken.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            await StoreRolloutAsync(name, "another");

        Assert.Equal(expected, await ChooseAsync("mine"));
    }

    [Fact]
    public async Task A_repeated_call_finds_the_rollout_that_it_had_started()
    {
        await StoreRolloutAsync("c1-v1.13.1", "mine");

        Assert.Equal("c1-v1.13.1", await ChooseAsync("mine"));
    }

    private async Task<string> ChooseAsync(string uid)
    {
        var image = new ImageRecord(FilledNode.Metadata("talos"), new("v1.13.1", "", "x:v1.13.1", [], []));
        await store.WriteAsync(RecordKind.Images, "talos", null, RecordJson.Write(image), Token);
        return await new RolloutNames(store).ChooseAsync(
            new("c1", "talos", [], RolloutStrategy.Default), new Mutation("ann", uid, FilledNode.Time, Token));
    }

    private async Task StoreRolloutAsync(string name, string uid)
    {
        var record = new RolloutRecord(FilledNode.Metadata(name) with { Uid = uid }, new("c1", "talos", [], RolloutStrategy.Default));
        await store.WriteAsync(RecordKind.Rollouts, name, null, RecordJson.Write(record), Token);
    }
}
