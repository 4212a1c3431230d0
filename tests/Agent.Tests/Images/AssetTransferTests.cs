using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Images;

/// <summary>Boot assets on their way from a server into a rack's cache, over real HTTP.</summary>
public sealed class AssetTransferTests : IAsyncDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31))];
    private static readonly string Digest = RackCache.DigestOf(Content);

    private readonly RackCache cache = new();

    public ValueTask DisposeAsync() => cache.DisposeAsync();

    [Fact]
    public async Task A_line_that_breaks_again_and_again_is_resumed_where_it_broke()
    {
        await using var server = await FileServer.StartAsync(Content);
        server.Cuts.Enqueue(100_000);
        server.Cuts.Enqueue(50_000);

        await cache.WantAsync(Asset(server));
        await cache.ReadyAsync();

        Assert.Equal(["", "bytes=100000-", "bytes=150000-"], server.Ranges);
        Assert.True(cache.Serves(Content));
        Assert.Equal([Digest], cache.Files);
    }

    [Theory]
    [InlineData("\"one\"")]
    [InlineData("")]
    public async Task A_restart_in_the_middle_goes_on_where_it_was(string tag)
    {
        await using var server = await FileServer.StartAsync(Content);
        server.Tag = tag;
        server.Cuts.Enqueue(120_000);
        var asked = new TaskCompletionSource();
        server.Before = () => server.Ranges.Count == 2 ? asked.Task : Task.CompletedTask;
        await cache.WantAsync(Asset(server));
        await cache.UntilAsync(_ => server.Ranges.Count == 2);

        await cache.StopAsync();
        asked.SetResult();
        await cache.WantAsync(Asset(server));
        await cache.ReadyAsync();

        Assert.Equal("bytes=120000-", server.Ranges.Last());
        Assert.True(cache.Serves(Content));
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_is_fetched_from_the_start()
    {
        await using var server = await FileServer.StartAsync(Content);
        server.IgnoresRanges = true;
        server.Cuts.Enqueue(100_000);

        await cache.WantAsync(Asset(server));
        await cache.ReadyAsync();

        Assert.True(cache.Serves(Content));
    }

    [Fact]
    public async Task A_file_that_changed_in_the_middle_is_not_completed_with_pieces_of_the_other()
    {
        await using var server = await FileServer.StartAsync([.. Content.Select(b => (byte)~b)]);
        server.Cuts.Enqueue(100_000);
        server.Before = () =>
        {
            if (server.Ranges.Count == 2)
                (server.Content, server.Tag) = (Content, "\"two\"");
            return Task.CompletedTask;
        };

        await cache.WantAsync(Asset(server));
        await cache.ReadyAsync();

        Assert.Equal(["", "bytes=100000-"], server.Ranges);
        Assert.True(cache.Serves(Content));
    }

    [Fact]
    public async Task A_half_file_that_a_crash_left_damaged_is_noticed_and_fetched_whole()
    {
        await using var server = await FileServer.StartAsync(Content);
        cache.Put(Digest + ".partial", new byte[200_000]);

        await cache.WantAsync(Asset(server));
        await cache.ReadyAsync();

        Assert.Equal(["bytes=200000-", ""], server.Ranges);
        Assert.True(cache.Serves(Content));
    }

    [Fact]
    public async Task A_half_file_that_was_whole_needs_no_byte_more()
    {
        await using var server = await FileServer.StartAsync(Content);
        cache.Put(Digest + ".partial", Content);

        await cache.WantAsync(Asset(server));
        await cache.ReadyAsync();

        Assert.Equal(["bytes=300000-"], server.Ranges);
    }

    [Theory]
    [InlineData(200_000)]
    [InlineData(0)]
    public async Task A_stored_file_that_was_cut_off_is_never_served(int length)
    {
        await using var server = await FileServer.StartAsync(Content);
        var answer = new TaskCompletionSource();
        server.Before = () => answer.Task;
        cache.Put(Digest, Content[..length]);

        await cache.WantAsync(Asset(server));
        await cache.UntilAsync(_ => !server.Ranges.IsEmpty);
        Assert.False(cache.Serves(Content));
        answer.SetResult();

        await cache.ReadyAsync();
        Assert.Equal(Content, await File.ReadAllBytesAsync(cache.PathOf(Digest), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task How_far_it_is_can_be_seen()
    {
        await using var server = await FileServer.StartAsync(new byte[3 << 20]);
        server.Cuts.Enqueue(2 << 20);
        var rest = new TaskCompletionSource();
        server.Before = () => server.Ranges.Count == 2 ? rest.Task : Task.CompletedTask;

        await cache.WantAsync(Asset(server, RackCache.DigestOf(server.Content)));
        await cache.UntilAsync(_ => server.Ranges.Count == 2);

        var state = Assert.Single(await cache.UntilAsync(s => s.Any(a => a.FetchedBytes > 0)));
        Assert.Equal((false, "fetching", 2L << 20, 3L << 20), (state.Ready, state.Message, state.FetchedBytes, state.TotalBytes));
        rest.SetResult();
    }

    [Fact]
    public async Task A_wrong_file_is_told_with_both_digests_and_not_asked_for_again_at_once()
    {
        await using var server = await FileServer.StartAsync([1, 2, 3]);

        await cache.WantAsync(Asset(server));

        Assert.Equal($"{server.Url}: it has the SHA-256 {RackCache.DigestOf([1, 2, 3])}, the image says {Digest}.", await cache.FailureAsync());
        Assert.Empty(cache.Files);
        Assert.Single(server.Ranges);
    }

    [Theory]
    [InlineData("404 Not Found", "answers 404 Not Found: there is no such file; check the URL, or the schematic, version and architecture", 1)]
    [InlineData("403 Forbidden", "answers 403 Forbidden", 1)]
    [InlineData("503 Service Unavailable", "answers 503 Service Unavailable", 6)]
    public async Task An_answer_that_is_no_file_is_one_sentence_after_a_bounded_number_of_tries(string status, string sentence, int tries)
    {
        await using var server = await FileServer.StartAsync(Content);
        server.Status = status;

        await cache.WantAsync(Asset(server));

        Assert.Equal($"{server.Url} {sentence}", await cache.FailureAsync());
        Assert.Equal(tries, server.Ranges.Count);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_not_believed()
    {
        await using var server = await FileServer.StartAsync(Content, tls: true);

        await cache.WantAsync(Asset(server));

        Assert.StartsWith($"{server.Url}: the server's certificate is not trusted: ", await cache.FailureAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_came_without_a_checksum_is_told_with_its_digest_and_is_not_fetched_again_once_it_is_pinned()
    {
        await using var server = await FileServer.StartAsync(Content);
        server.Cuts.Enqueue(100_000);
        var unpinned = Asset(server);
        unpinned.Sha256 = "";

        await cache.WantAsync(unpinned);
        var seen = await cache.ReadyAsync();
        Assert.Equal((server.Url.ToString(), Digest), (seen.Url, seen.Sha256));

        await cache.WantAsync(Asset(server));
        var pinned = (await cache.UntilAsync(s => s.Any(a => a.Ready && a.Url == ""))).Single();
        Assert.Equal(Digest, pinned.Sha256);
        Assert.Equal(["", "bytes=100000-"], server.Ranges);
    }

    [Fact]
    public async Task Without_checksum_and_entity_tag_nothing_is_resumed()
    {
        await using var server = await FileServer.StartAsync(Content);
        (server.Tag, var unpinned) = ("", Asset(server));
        server.Cuts.Enqueue(100_000);
        unpinned.Sha256 = "";

        await cache.WantAsync(unpinned);

        Assert.Equal(Digest, (await cache.ReadyAsync()).Sha256);
        Assert.Equal(["", ""], server.Ranges);
    }

    [Fact]
    public async Task What_is_wanted_no_longer_is_not_fetched_to_its_end()
    {
        await using var server = await FileServer.StartAsync(Content);
        server.Cuts.Enqueue(100_000);
        var never = new TaskCompletionSource();
        server.Before = () => server.Ranges.Count == 2 ? never.Task : Task.CompletedTask;
        await cache.WantAsync(Asset(server));
        await cache.UntilAsync(_ => server.Ranges.Count == 2);

        await cache.WantAsync();
        await cache.UntilAsync(s => s.Count == 0 && cache.Files.Length == 0);
        never.SetResult();
    }

    private static BootAsset Asset(FileServer server, string? digest = null) => new() { Url = server.Url.ToString(), Sha256 = digest ?? Digest };
}
