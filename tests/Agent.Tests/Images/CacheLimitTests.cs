using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Contracts.V1;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Images;

/// <summary>The cache's bound: what is needed stays, the longest unneeded goes first.</summary>
public sealed class CacheLimitTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly FakeTimeProvider clock = new(new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task The_longest_unneeded_goes_first_and_only_as_much_as_is_needed()
    {
        var store = new AssetStore(directory.Path, 1000, clock);
        var (a, b, c) = (await AddAsync(store, 1, 300), await AddAsync(store, 2, 300), await AddAsync(store, 3, 300));
        store.Need(new HashSet<string> { a, b, c }, []);
        clock.Advance(TimeSpan.FromHours(1));
        store.Need(new HashSet<string> { a, c }, []); // b is the first that nobody needs any more.
        clock.Advance(TimeSpan.FromHours(1));
        store.Need(new HashSet<string> { c }, []);

        store.MakeRoom(200);
        Assert.Equal((true, false, true), (store.Find(a) is not null, store.Find(b) is not null, store.Find(c) is not null));
        store.MakeRoom(700);
        Assert.Equal((false, true), (store.Find(a) is not null, store.Find(c) is not null));
    }

    [Fact]
    public async Task What_is_needed_is_never_removed_and_what_does_not_fit_beside_it_is_refused()
    {
        var store = new AssetStore(directory.Path, 4096, clock);
        var kept = await AddAsync(store, 1, 3072);
        store.Need(new HashSet<string> { kept }, []);

        var refusal = Assert.Throws<DownloadRefusedException>(() => store.MakeRoom(2048));

        Assert.Equal("the cache's limit is 4 KiB, 3 KiB are needed here, and this takes 2 KiB more: raise assets.limit in the agent's configuration",
            refusal.Message);
        Assert.NotNull(store.Find(kept));
    }

    [Fact]
    public async Task A_smaller_limit_holds_at_once()
    {
        var before = new AssetStore(directory.Path, 1000, clock);
        var (a, b) = (await AddAsync(before, 1, 400), await AddAsync(before, 2, 400));

        var after = new AssetStore(directory.Path, 500, clock);
        after.Need(new HashSet<string> { b }, []);

        Assert.Equal((false, true), (File.Exists(directory[a]), File.Exists(directory[b])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_download_that_does_not_fit_is_refused_also_when_the_server_hides_its_size(bool hides)
    {
        await using var cache = new RackCache { Limit = 100_000 };
        await using var server = await FileServer.StartAsync(new byte[200_000]);
        server.HidesLength = hides;

        await cache.WantAsync(new BootAsset { Url = server.Url.ToString(), Sha256 = RackCache.DigestOf(server.Content) });

        Assert.StartsWith("the cache's limit is 97.7 KiB", await cache.FailureAsync(), StringComparison.Ordinal);
        Assert.True(cache.Files.Sum(f => new FileInfo(cache.PathOf(f)).Length) <= 100_000);
    }

    [Theory]
    [InlineData("500MiB", 500L << 20)]
    [InlineData("20GiB", 20L << 30)]
    [InlineData("1TiB", 1L << 40)]
    [InlineData("20GB", null)]
    [InlineData("0GiB", null)]
    [InlineData("-1GiB", null)]
    [InlineData("GiB", null)]
    [InlineData("20", null)]
    public void Sizes_have_a_unit(string text, long? size) => Assert.Equal(size, ByteSizes.TryParse(text, out var read) ? read : null);

    private static async Task<string> AddAsync(AssetStore store, byte value, int length)
    {
        var content = new byte[length];
        Array.Fill(content, value);
        await File.WriteAllBytesAsync(store.PartialOf("x"), content, TestContext.Current.CancellationToken);
        return await store.CommitAsync(store.PartialOf("x"), "", TestContext.Current.CancellationToken);
    }
}
