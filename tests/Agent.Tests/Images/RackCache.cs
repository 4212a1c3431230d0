using System.Security.Cryptography;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Contracts.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cozy.Fleet.Agent.Tests.Images;

/// <summary>An agent's cache on a directory of its own, which outlives it: a new one starts where the old one was stopped.</summary>
internal sealed class RackCache : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly ShortWaits clock = new();
    private readonly HttpClient http = new();
    private DesiredStateStore? desired;
    private AssetCache? running;

    public long Limit { get; init; } = 1 << 30;

    public string[] Files => Directory.GetFiles(directory[Path.Combine("assets")]).Select(f => Path.GetFileName(f)).Order().ToArray();

    public static string DigestOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public string PathOf(string name) => directory[Path.Combine("assets", name)];

    public void Put(string name, byte[] content)
    {
        Directory.CreateDirectory(directory["assets"]);
        File.WriteAllBytes(PathOf(name), content);
    }

    /// <summary>Starts when it does not run, and says what is wanted now.</summary>
    public async Task WantAsync(params BootAsset[] assets)
    {
        desired ??= new DesiredStateStore(directory.Path);
        await desired.ReplaceAsync(new() { Images = { new BootImage { Name = "i", Assets = { assets } } } }, TestContext.Current.CancellationToken);
        if (running is not null)
            return;
        running = new(new AssetStore(directory["assets"], Limit, clock), desired, http, clock, NullLogger<AssetCache>.Instance);
        await running.StartAsync(TestContext.Current.CancellationToken);
    }

    public bool Serves(byte[] content) => running!.Find(DigestOf(content)) is not null;

    /// <summary>Waits until the states are as they should be.</summary>
    public async Task<IReadOnlyCollection<CachedAsset>> UntilAsync(Func<IReadOnlyCollection<CachedAsset>, bool> fits)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!fits(running!.States))
        {
            if (limit.IsCancellationRequested)
                throw new TimeoutException($"never came to be: {string.Join("; ", running.States)}; files {string.Join(", ", Files)}");
            await Task.Yield();
        }
        return running.States;
    }

    public async Task<CachedAsset> ReadyAsync() => (await UntilAsync(s => s.Any(a => a.Ready))).Single(a => a.Ready);

    public async Task<string> FailureAsync() =>
        (await UntilAsync(s => s.Any(a => a.Message is not ("" or "fetching")))).Single().Message;

    public async Task StopAsync()
    {
        if (running is null)
            return;
        await running.StopAsync(TestContext.Current.CancellationToken);
        running.Dispose();
        (running, desired) = (null, null);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        directory.Dispose();
    }

    /// <summary>The waits between tries are a hundredth as long as they are in a rack; what waits for the line waits as long as there.</summary>
    private sealed class ShortWaits : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime < TimeSpan.FromMinutes(1) ? dueTime / 100 : dueTime, period);
    }
}
