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
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim turn = new(2); // So many downloads at once.
    private readonly string directory;
    private readonly DesiredStateStore desired;
    private readonly HttpClient http;
    private readonly ILogger<AssetCache> log;
    private readonly ResiliencePipeline retry;
    private readonly ConcurrentDictionary<string, CachedAsset> states = new();
    private readonly ConcurrentDictionary<string, byte> verified = new();
    private readonly SemaphoreSlim wake = new(0);
    private readonly TimeProvider clock;

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
            ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<HttpRequestException>().Handle<TimeoutException>(),
        }).Build();
    }

    public IReadOnlyCollection<CachedAsset> States => [.. states.Values];

    /// <summary>The file with this digest; null while it is not here. Its content was read and compared since the agent started.</summary>
    public string? Find(string sha256) =>
        verified.ContainsKey(sha256) && PathOf(sha256) is { } path && File.Exists(path) ? path : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wanted = desired.Current?.Images.SelectMany(i => i.Assets).DistinctBy(a => a.Sha256).ToArray() ?? [];
            await Task.WhenAll(wanted.Select(asset => EnsureAsync(asset, stoppingToken)));
            await WaitAsync(stoppingToken);
        }
    }

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

    private async Task EnsureAsync(BootAsset asset, CancellationToken cancellation)
    {
        if (Find(asset.Sha256) is not null)
        {
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Ready = true };
            return;
        }
        await turn.WaitAsync(cancellation);
        try
        {
            if (await HasAsync(asset, cancellation))
                return;
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Message = "fetching" };
            await retry.ExecuteAsync(async token => await FetchAsync(asset, token), cancellation);
            verified[asset.Sha256] = 0;
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Ready = true };
            LogFetched(asset.Url, asset.Sha256);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            // An asset is a boundary: an odd URL, a full disk or a wrong file is told to the coordinator, and the others are fetched.
            states[asset.Sha256] = new() { Sha256 = asset.Sha256, Message = failure.Message };
            LogFailed(asset.Url, failure.Message);
            if (PathOf(asset.Sha256) is { } path)
                File.Delete(path + ".partial");
        }
        finally
        {
            turn.Release();
        }
    }

    // A file that an earlier run stored is read once more: what the disk made of it since is not served.
    private async Task<bool> HasAsync(BootAsset asset, CancellationToken cancellation)
    {
        if (PathOf(asset.Sha256) is not { } path || !File.Exists(path))
            return false;
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation)) == asset.Sha256)
            {
                verified[asset.Sha256] = 0;
                states[asset.Sha256] = new() { Sha256 = asset.Sha256, Ready = true };
                return true;
            }
        }
        LogDamaged(path);
        File.Delete(path);
        return false;
    }

    private async Task FetchAsync(BootAsset asset, CancellationToken cancellation)
    {
        var path = PathOf(asset.Sha256) ?? throw new InvalidDataException($"'{asset.Sha256}' is not a SHA-256.");
        var partial = path + ".partial";
        await using (var source = await OpenAsync(new Uri(asset.Url), cancellation))
        await using (var target = new FileStream(partial, FileMode.Create, FileAccess.ReadWrite))
        {
            await CopyAsync(source, target, cancellation);
            target.Position = 0;
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(target, cancellation));
            if (digest != asset.Sha256)
                throw new InvalidDataException($"{asset.Url} has the SHA-256 {digest}, the image says {asset.Sha256}.");
            target.Flush(flushToDisk: true);
        }
        File.Move(partial, path, overwrite: true);
    }

    // A server that says nothing for a minute is as good as gone; how long the whole may take depends on the line.
    private async Task CopyAsync(Stream source, Stream target, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        while (true)
        {
            var read = await source.ReadAsync(buffer, cancellation).AsTask().WaitAsync(LongestSilence, clock, cancellation);
            if (read == 0)
                return;
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }

    private async Task<Stream> OpenAsync(Uri url, CancellationToken cancellation) => url.IsFile
        ? new FileStream(url.LocalPath, FileMode.Open, FileAccess.Read, FileShare.Read)
        : await http.GetStreamAsync(url, cancellation);

    // Hexadecimal and nothing else: a digest is a file name here.
    private string? PathOf(string sha256) =>
        sha256.Length == 64 && sha256.All(char.IsAsciiHexDigitLower) ? Path.Combine(directory, sha256) : null;

    [LoggerMessage(LogLevel.Information, "asset {Sha256} is here, from {Url}")]
    private partial void LogFetched(string url, string sha256);

    [LoggerMessage(LogLevel.Error, "{Path} is damaged and fetched again")]
    private partial void LogDamaged(string path);

    [LoggerMessage(LogLevel.Error, "asset {Url} cannot be used: {Error}")]
    private partial void LogFailed(string url, string error);
}
