using System.Security.Cryptography;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class AssetCacheTests : IAsyncLifetime
{
    private readonly TestDirectory directory = new();
    private readonly HttpClient http = new();
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;
    private readonly byte[] content = "kernel"u8.ToArray();
    private readonly ListLogger<AssetCache> log = new();
    private DesiredStateStore desired = null!;
    private AssetCache cache = null!;

    private string Digest => Convert.ToHexStringLower(SHA256.HashData(content));

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllBytesAsync(directory.File("source"), content);
        desired = new(directory.Path);
        cache = new(new AgentConfig { DataDirectory = directory.Path }, desired, http, TimeProvider.System, log);
        await cache.StartAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await cache.StopAsync(CancellationToken.None);
        http.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Asset_with_another_digest_or_a_wrong_url_is_never_there_and_keeps_no_other_from_coming()
    {
        var wrong = new string('0', 64);
        var noUrl = new string('1', 64);
        await desired.ReplaceAsync(new()
        {
            Images =
            {
                new BootImage
                {
                    Assets =
                    {
                        new BootAsset { Sha256 = noUrl, Url = "no url" },
                        new BootAsset { Sha256 = wrong, Url = "file://" + directory.File("source") },
                        new BootAsset { Sha256 = "../../agent", Url = "file://" + directory.File("source") },
                        new BootAsset { Sha256 = Digest, Url = "file://" + directory.File("source") },
                    },
                },
            },
        }, cancellation);
        await log.LineAsync($"asset {Digest} is here", cancellation);
        Assert.Equal(content, await File.ReadAllBytesAsync(cache.Find(Digest)!, cancellation));
        Assert.Null(cache.Find(wrong));
        Assert.Null(cache.Find("../../agent"));
        Assert.Contains("the image says 0000", Assert.Single(cache.States, s => s.Sha256 == wrong).Message, StringComparison.Ordinal);
        Assert.NotEqual("", Assert.Single(cache.States, s => s.Sha256 == noUrl).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../../../etc/shadow")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Name_that_is_no_digest_is_no_file(string name) => Assert.Null(cache.Find(name));
}
