using System.Collections.Concurrent;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Contracts.V1;
using Polly;
using Polly.Retry;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Boot assets by digest. A file gets its name when its content has the digest that the coordinator named; before that nobody is served
/// from it.
/// </summary>
internal sealed partial class AssetCache : BackgroundService
{
    // A source that was away comes back, without anybody changing the desired state.
    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(1);

    private readonly string directory;
    private readonly DesiredStateStore desired;
    private readonly HttpClient http;
    private readonly ILogger<AssetCache> log;
    private readonly ResiliencePipeline retry;
    private readonly ConcurrentDictionary<string, CachedAsset> states = new();
    private readonly TimeProvider clock;
    private readonly SemaphoreSlim wake = new(0);

    public AssetCache(AgentConfig config, DesiredStateStore desired, HttpClient http, TimeProvider clock, ILogger<AssetCache> log)
    {
        (this.desired, this.http, this.clock, this.log) = (desired, http, clock, log);
        directory = Directory.CreateDirectory(Path.Combine(config.DataDirectory, "assets")).FullName;
        desired.Changed += () => wake.Release();
        retry = new ResiliencePipelineBuilder { TimeProvider = clock }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = 5,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromSeconds(1),
            ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<HttpRequestException>(),
        }).Build();
    }

    public IReadOnlyCollection<CachedAsset> States => [.. states.Values];

    /// <summary>The file with this digest; null while it is not here.</summary>
    public string? Find(string sha256)
    {
        var path = PathOf(sha256);
        return path is not null && File.Exists(path) ? path : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wanted = desired.Current?.Images.SelectMany(i => i.Assets).DistinctBy(a => a.Sha256).ToArray() ?? [];
            var complete = true;
            foreach (var asset in wanted)
                complete &= await EnsureAsync(asset, stoppingToken);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var changed = wake.WaitAsync(waiting.Token);
            await Task.WhenAny(changed, Task.Delay(complete ? Timeout.InfiniteTimeSpan : TryAgain, clock, waiting.Token));
            await waiting.CancelAsync();
        }
    }

    /// <returns>True when the asset is here.</returns>
    private async Task<bool> EnsureAsync(BootAsset asset, CancellationToken cancellation)
    {
        if (Find(asset.Sha256) is not null)
        {
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Ready = true };
            return true;
        }
        try
        {
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Message = "fetching" };
            await retry.ExecuteAsync(async token => await FetchAsync(asset, token), cancellation);
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Ready = true };
            LogFetched(asset.Url, asset.Sha256);
            return true;
        }
        // One asset with a wrong URL, a slow source or a full disk keeps no other from coming, and no machine from booting.
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Message = failure.Message };
            LogFailed(asset.Url, failure.Message);
            return false;
        }
    }

    private async Task FetchAsync(BootAsset asset, CancellationToken cancellation)
    {
        var path = PathOf(asset.Sha256) ?? throw new InvalidDataException($"'{asset.Sha256}' is not a SHA-256.");
        var partial = path + ".partial";
        await using (var source = await OpenAsync(new Uri(asset.Url), cancellation))
        await using (var target = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite))
        {
            await source.CopyToAsync(target, cancellation);
            target.Position = 0;
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(target, cancellation));
            if (digest != asset.Sha256)
                throw new InvalidDataException($"{asset.Url} has the SHA-256 {digest}, the image says {asset.Sha256}.");
            target.Flush(flushToDisk: true);
        }
        File.Move(partial, path, overwrite: true);
    }

    private async Task<Stream> OpenAsync(Uri url, CancellationToken cancellation) => url.IsFile
        ? new FileStream(url.LocalPath, FileMode.Open, FileAccess.Read, FileShare.Read)
        : await http.GetStreamAsync(url, cancellation);

    // Hexadecimal and nothing else: a digest is a file name here.
    private string? PathOf(string sha256) =>
        sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower) ? Path.Combine(directory, sha256) : null;

    [LoggerMessage(LogLevel.Information, "asset {Sha256} is here, from {Url}")]
    private partial void LogFetched(string url, string sha256);

    [LoggerMessage(LogLevel.Error, "asset {Url} cannot be used: {Error}")]
    private partial void LogFailed(string url, string error);
}
