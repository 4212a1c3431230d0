using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Agent.Storage;
using Polly;
using Polly.Retry;

namespace Cozy.Fleet.Agent.Mirror;

/// <summary>What a tag stands for.</summary>
/// <param name="IsStale">The registry could not be asked; this is what it said last.</param>
internal sealed record TagAnswer(string Sha256, bool IsStale);

/// <summary>
/// The content of upstream registries by digest: fetched once however many ask for it, verified, kept within a bound. Tags are asked for
/// each time, since they move; what one stood for last is remembered for the time when the registry is away.
/// </summary>
internal sealed class MirrorContent : IDisposable
{
    private static readonly string[] ManifestTypes =
    [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json", "*/*",
    ];

    private static readonly TimeSpan LongestTag = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> flights = new();
    private readonly AssetStore store;
    private readonly Download download;
    private readonly HttpClient http;
    private readonly ResiliencePipeline retry;
    private readonly string tags;
    private readonly TimeProvider clock;

    public MirrorContent(AgentConfig config, TimeProvider clock)
    {
        this.clock = clock;
        store = new(Path.Combine(config.DataDirectory, "mirror"), config.MirrorLimit, clock);
        tags = Directory.CreateDirectory(Path.Combine(config.DataDirectory, "mirror-tags")).FullName;
        http = new(new AnonymousToken(new SocketsHttpHandler())) { Timeout = TimeSpan.FromMinutes(30) };
        foreach (var type in ManifestTypes)
            http.DefaultRequestHeaders.Accept.ParseAdd(type);
        download = new(http, clock);
        retry = new ResiliencePipelineBuilder { Name = "mirror-upstream", TimeProvider = clock }.AddRetry(new RetryStrategyOptions
        {
            Name = "mirror-upstream-retry",
            MaxRetryAttempts = 3,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(500),
            ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<HttpRequestException>().Handle<TimeoutException>(),
        }).Build();
    }

    /// <summary>The file of a digest, whoever of those who wait for it asked first.</summary>
    /// <exception cref="DownloadRefusedException">The registry does not have it, or there is no room.</exception>
    public async Task<string> FileAsync(Upstream upstream, PullPath path, CancellationToken cancellation)
    {
        if (store.Find(path.Sha256) is null)
        {
            // Whoever asked first may hang up; the others still want it.
            var flight = flights.GetOrAdd(path.Sha256, _ => new(() => FetchAsync(new(path.On(upstream.Url)), path.Sha256)));
            await flight.Value.WaitAsync(cancellation);
        }
        store.Touch(path.Sha256);
        return store.Find(path.Sha256) ?? throw new IOException($"sha256:{path.Sha256} was removed while it was asked for");
    }

    /// <summary>What the tag stands for now, or stood for when the registry could be asked last.</summary>
    public async Task<TagAnswer> ResolveAsync(Upstream upstream, PullPath path, CancellationToken cancellation)
    {
        var url = path.On(upstream.Url);
        var file = Path.Combine(tags, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url))));
        try
        {
            var digest = await AskAsync(new(url), cancellation);
            await PrivateFile.WriteAsync(file, Encoding.ASCII.GetBytes(digest), cancellation);
            return new(digest, false);
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutException && File.Exists(file))
        {
            return new(await File.ReadAllTextAsync(file, cancellation), true);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<string> FetchAsync(Uri url, string sha256)
    {
        try
        {
            // An earlier run may have stored it, or the flight before this one.
            if (await store.CheckAsync(sha256, CancellationToken.None) == AssetOnDisk.Good)
                return sha256;
            var partial = store.PartialOf(sha256);
            await retry.ExecuteAsync(async token => await download.RunAsync(url, partial, verified: true, (store.MakeRoom, (_, _) => { }), token));
            await store.CommitAsync(partial, sha256, CancellationToken.None);
            // Nothing is pinned here: what is not used goes. Half downloads that nobody waits for go with it.
            store.Need(new HashSet<string>(), flights.Keys);
            return sha256;
        }
        finally
        {
            flights.TryRemove(sha256, out _);
        }
    }

    private async Task<string> AskAsync(Uri url, CancellationToken cancellation)
    {
        using var head = new HttpRequestMessage(HttpMethod.Head, url);
        using var response = await http.SendAsync(head, cancellation).WaitAsync(LongestTag, clock, cancellation);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw new DownloadRefusedException($"{url} answers {(int)response.StatusCode} {response.ReasonPhrase}") { IsMissing = true };
        response.EnsureSuccessStatusCode();
        var digest = response.Headers.TryGetValues("Docker-Content-Digest", out var said) ? said.First() : "";
        return digest.StartsWith("sha256:", StringComparison.Ordinal) && AssetStore.IsDigest(digest[7..])
            ? digest[7..] : throw new DownloadRefusedException($"{url} does not say a SHA-256 digest");
    }
}
