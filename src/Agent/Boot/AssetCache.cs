using System.Collections.Concurrent;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Contracts.V1;
using Polly;
using Polly.Retry;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Keeps what the desired state names: fetches it, resumes it after a break or a restart, and tells how far it is. Nobody is served from a
/// file before its content has the digest that the coordinator named.
/// </summary>
internal sealed partial class AssetCache : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);

    // A wrong file or none does not get better in half a minute, and costs the line each time.
    private static readonly TimeSpan RefusedInterval = TimeSpan.FromMinutes(10);

    private readonly SemaphoreSlim turn = new(2); // So many downloads at once.
    private readonly AssetStore store;
    private readonly Download download;
    private readonly DesiredStateStore desired;
    private readonly ILogger<AssetCache> log;
    private readonly ResiliencePipeline retry;
    private readonly ConcurrentDictionary<string, CachedAsset> states = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> resting = new();
    private readonly Dictionary<string, (Task Work, CancellationTokenSource Stop)> running = [];
    private readonly SemaphoreSlim wake = new(0);
    private readonly TimeProvider clock;

    public AssetCache(AssetStore store, DesiredStateStore desired, HttpClient http, TimeProvider clock, ILogger<AssetCache> log)
    {
        (this.store, this.desired, this.clock, this.log) = (store, desired, clock, log);
        download = new(http, clock);
        desired.Changed += () =>
        {
            resting.Clear(); // Another URL or checksum may have come; who waits for it does not wait for ten minutes.
            wake.Release();
        };
        retry = Pipeline(clock);
    }

    public IReadOnlyCollection<CachedAsset> States => [.. states.Values];

    /// <summary>The file with this digest; null while it is not here. Its content was read and compared since the agent started.</summary>
    public string? Find(string sha256) => store.Find(sha256);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await ConvergeAsync(stoppingToken);
                await WaitAsync(stoppingToken);
            }
        }
        finally
        {
            await StopAllAsync();
        }
    }

    private static ResiliencePipeline Pipeline(TimeProvider clock) => new ResiliencePipelineBuilder { Name = "asset-download", TimeProvider = clock }
        .AddRetry(new RetryStrategyOptions
        {
            Name = "asset-download-retry",
            MaxRetryAttempts = 5,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromSeconds(1),
            ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<HttpRequestException>().Handle<TimeoutException>(),
        }).Build();

    // An asset without a checksum is known by its URL until the coordinator has pinned what came from there.
    private static string KeyOf(BootAsset asset) => asset.Sha256 != "" ? asset.Sha256 : asset.Url;

    private async Task ConvergeAsync(CancellationToken stopping)
    {
        var wanted = (desired.Current?.Images.SelectMany(i => i.Assets) ?? []).DistinctBy(KeyOf).ToDictionary(KeyOf);
        foreach (var key in states.Keys.Where(key => !wanted.ContainsKey(key)))
            states.TryRemove(key, out _);
        foreach (var (key, (work, stop)) in running.Where(r => r.Value.Work.IsCompleted || !wanted.ContainsKey(r.Key)).ToArray())
        {
            await stop.CancelAsync();
            await work;
            stop.Dispose();
            running.Remove(key);
        }
        store.Need(wanted.Keys.Concat(states.Values.Select(s => s.Sha256)).Where(AssetStore.IsDigest).ToHashSet(), wanted.Keys);
        foreach (var (key, asset) in wanted.Where(w => !running.ContainsKey(w.Key) && IsDue(w.Key)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            running[key] = (EnsureAsync(key, asset, stop.Token), stop);
        }
    }

    // One that is ready is looked at again, too: somebody may have removed the file.
    private bool IsDue(string key) => !resting.TryGetValue(key, out var until) || until <= clock.GetUtcNow();

    private async Task WaitAsync(CancellationToken stopping)
    {
        using var pause = new CancellationTokenSource(RetryInterval, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, pause.Token);
        try
        {
            await wake.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // What could not be had is asked for again: a mirror that was down must not hold machines for ever.
        }
    }

    private async Task StopAllAsync()
    {
        foreach (var (work, stop) in running.Values)
        {
            await stop.CancelAsync();
            await work;
            stop.Dispose();
        }
    }

    private async Task EnsureAsync(string key, BootAsset asset, CancellationToken cancellation)
    {
        await Task.Yield(); // The others are begun at once.
        try
        {
            await EnsureInTurnAsync(key, asset, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Nobody wants it any more, or the agent ends; what is here of it stays for the next time.
        }
        catch (Exception failure)
        {
            // An asset is a boundary: an odd URL, a full disk or a wrong file is told to the coordinator, and the others are fetched.
            var sentence = failure is DigestMismatchException ? $"{asset.Url}: {failure.Message}." : failure.Message;
            states[key] = new() { Sha256 = asset.Sha256, Url = UrlOf(asset), Message = sentence };
            resting[key] = clock.GetUtcNow() + (failure is DigestMismatchException or DownloadRefusedException ? RefusedInterval : RetryInterval);
            LogFailed(asset.Url, sentence);
        }
    }

    private async Task EnsureInTurnAsync(string key, BootAsset asset, CancellationToken cancellation)
    {
        if (states.TryGetValue(key, out var known) && known.Ready && Find(known.Sha256) is not null)
            return;
        await turn.WaitAsync(cancellation);
        try
        {
            var onDisk = asset.Sha256 == "" ? AssetOnDisk.Missing : await store.CheckAsync(asset.Sha256, cancellation);
            if (onDisk == AssetOnDisk.Damaged)
                LogDamaged(asset.Sha256);
            var digest = onDisk == AssetOnDisk.Good ? asset.Sha256 : await FetchAsync(key, asset, cancellation);
            states[key] = new() { Sha256 = digest, Url = UrlOf(asset), Ready = true };
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<string> FetchAsync(string key, BootAsset asset, CancellationToken cancellation)
    {
        if (asset.Sha256 != "" && !AssetStore.IsDigest(asset.Sha256))
            throw new DownloadRefusedException($"'{asset.Sha256}' is not a SHA-256");
        if (!Uri.TryCreate(asset.Url, UriKind.Absolute, out var url) || !(url.IsFile || url.Scheme is "http" or "https"))
            throw new DownloadRefusedException($"'{asset.Url}' is not an http, https or file URL");
        var partial = store.PartialOf(key);
        states[key] = Fetching(asset, 0, 0);
        while (true)
        {
            var attempts = File.Exists(partial) ? 1 : 0;
            await retry.ExecuteAsync(async token =>
            {
                attempts++;
                await download.RunAsync(url, partial, asset.Sha256 != "", (store.MakeRoom, Tell), token);
            }, cancellation);
            try
            {
                var digest = await store.CommitAsync(partial, asset.Sha256, cancellation);
                LogFetched(asset.Url, digest);
                return digest;
            }
            catch (DigestMismatchException) when (attempts > 1)
            {
                // It was put together: the beginning may be of another file, or what a crash left. Once more, in one piece.
            }
        }

        void Tell(long fetched, long total) => states[key] = Fetching(asset, fetched, total);
    }

    private static string UrlOf(BootAsset asset) => asset.Sha256 == "" ? asset.Url : "";

    private static CachedAsset Fetching(BootAsset asset, long fetched, long total) => new()
    {
        Sha256 = asset.Sha256, Url = UrlOf(asset), Message = "fetching", FetchedBytes = fetched, TotalBytes = total,
    };

    [LoggerMessage(LogLevel.Information, "asset {Sha256} is here, from {Url}")]
    private partial void LogFetched(string url, string sha256);

    [LoggerMessage(LogLevel.Error, "asset {Sha256} is damaged and fetched again")]
    private partial void LogDamaged(string sha256);

    [LoggerMessage(LogLevel.Error, "asset {Url} cannot be used: {Error}")]
    private partial void LogFailed(string url, string error);
}
