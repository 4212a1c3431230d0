using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class WatchTests(RunningApi api) : IClassFixture<RunningApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watch_goes_on_after_a_gap_and_tells_what_was_deleted_in_it()
    {
        await api.ImageAsync("gap-gone");
        await api.ImageAsync("gap-kept");
        var token = await BookmarkAsync("metadata.labels.test = nothing");
        await api.Images.DeleteImageAsync(new() { Name = "gap-gone" }, cancellationToken: Token);
        await LabelAsync("gap-kept", "seen");

        using var watch = api.Images.WatchImages(new() { ResumeToken = token }, cancellationToken: Token);
        var (gone, kept) = (await RunningApi.NextAsync(watch.ResponseStream), await RunningApi.NextAsync(watch.ResponseStream));

        Assert.Equal((V1.ChangeType.Deleted, "gap-gone"), (gone.Type, gone.Image.Metadata.Name));
        Assert.Null(gone.Image.Spec);
        Assert.Equal((V1.ChangeType.Modified, "gap-kept"), (kept.Type, kept.Image.Metadata.Name));
        Assert.True(long.Parse(kept.ResumeToken) > long.Parse(token));
    }

    [Fact]
    public async Task What_stops_matching_is_deleted_for_the_watcher_and_added_when_it_matches_again()
    {
        await api.ImageAsync("match-1");
        await LabelAsync("match-1", "in");
        using var watch = api.Images.WatchImages(new() { Filter = "metadata.labels.test = in" }, cancellationToken: Token);
        var types = new List<V1.ChangeType>
        {
            (await RunningApi.NextAsync(watch.ResponseStream)).Type, (await RunningApi.NextAsync(watch.ResponseStream)).Type,
        };

        await LabelAsync("match-1", "out");
        types.Add((await RunningApi.NextAsync(watch.ResponseStream)).Type);
        await LabelAsync("match-1", "in");
        types.Add((await RunningApi.NextAsync(watch.ResponseStream)).Type);

        Assert.Equal([V1.ChangeType.Added, V1.ChangeType.Bookmark, V1.ChangeType.Deleted, V1.ChangeType.Added], types);
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("-1")]
    [InlineData("999999999999")]
    public async Task A_token_of_no_use_is_refused(string token)
    {
        using var watch = api.Racks.WatchRacks(new() { ResumeToken = token }, cancellationToken: Token);

        var (code, fields) = await RunningApi.RefusalAsync(() => watch.ResponseStream.MoveNext(Token));

        Assert.Equal((StatusCode.InvalidArgument, "resume_token"), (code, Assert.Single(fields)));
    }

    private async Task<string> BookmarkAsync(string filter)
    {
        using var watch = api.Images.WatchImages(new() { Filter = filter }, cancellationToken: Token);
        return (await RunningApi.NextAsync(watch.ResponseStream)).ResumeToken;
    }

    private async Task LabelAsync(string name, string value) => await api.Images.UpdateImageAsync(
        new()
        {
            Image = new() { Metadata = new() { Name = name, Labels = { ["test"] = value } } },
            UpdateMask = new() { Paths = { "metadata.labels" } },
        },
        cancellationToken: Token);
}
