using System.Net;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class AssetCacheTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100_000).Select(i => (byte)i)];
    private static readonly string Digest = Convert.ToHexStringLower(SHA256.HashData(Content));

    private readonly TemporaryDirectory directory = new();
    private readonly FakeTimeProvider clock = new();
    private readonly Server server = new();

    private string Stored => directory[Path.Combine("assets", Digest)];

    public void Dispose()
    {
        server.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task A_file_with_the_right_digest_is_served_and_survives_a_restart_without_a_download()
    {
        server.Answer = () => new(HttpStatusCode.OK) { Content = new ByteArrayContent(Content) };

        Assert.True((await RunAsync(c => c.States.Any(s => s.Ready))).Served);
        Assert.True((await RunAsync(c => c.States.Any(s => s.Ready))).Served);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_wrong_file_is_never_served()
    {
        server.Answer = () => new(HttpStatusCode.OK) { Content = new ByteArrayContent([1, 2, 3]) };

        var (served, message) = await RunAsync(c => c.States.Any(s => s.Message.Contains("SHA-256", StringComparison.Ordinal)));

        Assert.False(served);
        Assert.Contains("the image says " + Digest, message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(directory["assets"]));
    }

    [Fact]
    public async Task Half_a_file_is_never_served_and_the_whole_one_follows()
    {
        var served = new List<bool>();
        server.Answer = () => server.Requests < 3
            ? new(HttpStatusCode.OK) { Content = new StreamContent(new BrokenStream(Content[..50_000])) }
            : new(HttpStatusCode.OK) { Content = new ByteArrayContent(Content) };

        var (now, _) = await RunAsync(c =>
        {
            served.Add(c.Find(Digest) is not null);
            clock.Advance(TimeSpan.FromSeconds(1)); // The retry's waits.
            return c.States.Any(s => s.Ready);
        });

        Assert.True(now);
        Assert.Equal(3, server.Requests);
    }

    [Fact]
    public async Task A_source_that_was_down_for_long_is_asked_again()
    {
        server.Answer = () => server.Requests < 12
            ? new(HttpStatusCode.BadGateway)
            : new(HttpStatusCode.OK) { Content = new ByteArrayContent(Content) };

        Assert.True((await RunAsync(c =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return c.States.Any(s => s.Ready);
        })).Served);
    }

    [Fact]
    public async Task A_stored_file_that_was_damaged_is_fetched_again()
    {
        Directory.CreateDirectory(directory["assets"]);
        await File.WriteAllTextAsync(Stored, "bit rot", TestContext.Current.CancellationToken);
        server.Answer = () => new(HttpStatusCode.OK) { Content = new ByteArrayContent(Content) };

        Assert.True((await RunAsync(c => c.States.Any(s => s.Ready))).Served);
        Assert.Equal(Content, await File.ReadAllBytesAsync(Stored, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("not a url", "")]
    [InlineData("gopher://x/y", "")]
    [InlineData("http://assets.test/kernel", "../../../etc/shadow")]
    public async Task An_odd_order_is_told_and_stops_nothing(string url, string digest)
    {
        server.Answer = () => new(HttpStatusCode.OK) { Content = new ByteArrayContent(Content) };
        var odd = new BootAsset { Url = url, Sha256 = digest == "" ? new string('0', 64) : digest };

        Assert.True((await RunAsync(c => c.States.Count(s => s.Ready || s.Message is not ("" or "fetching")) == 2, odd)).Served);
    }

    private async Task<(bool Served, string Message)> RunAsync(Func<AssetCache, bool> until, params BootAsset[] more)
    {
        var desired = new DesiredStateStore(directory.Path);
        var image = new BootImage { Name = "i", Assets = { new BootAsset { Url = "http://assets.test/kernel", Sha256 = Digest } } };
        image.Assets.AddRange(more);
        await desired.ReplaceAsync(new() { Images = { image } }, TestContext.Current.CancellationToken);
        using var http = new HttpClient(server, disposeHandler: false);
        using var cache = new AssetCache(
            new(directory["assets"], 1 << 30, clock), desired, http, clock, NullLogger<AssetCache>.Instance);
        await cache.StartAsync(TestContext.Current.CancellationToken);
        while (!until(cache))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        await cache.StopAsync(TestContext.Current.CancellationToken);
        return (cache.Find(Digest) == Stored, string.Join("; ", cache.States.Select(s => s.Message)));
    }

    private sealed class Server : HttpMessageHandler
    {
        public Func<HttpResponseMessage> Answer { get; set; } = () => new(HttpStatusCode.NotFound);

        public int Requests { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            return Task.FromResult(Answer());
        }
    }

    /// <summary>A connection that breaks in the middle.</summary>
    private sealed class BrokenStream(byte[] start) : MemoryStream(start)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 ? read : throw new IOException("the connection broke");
        }
    }
}
