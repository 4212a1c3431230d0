using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Forgets finished requests: after a day, and the oldest when there are too many.</summary>
internal sealed class RequestExpiry(IRecordStore store, TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public const int DefaultCapacity = 10_000;

    // Guards the list: it is read once, and then follows what this process adds.
    private readonly SemaphoreSlim gate = new(1);
    private PriorityQueue<string, DateTimeOffset>? byAge;

    /// <summary>How many are kept.</summary>
    public int Capacity { get; init; } = DefaultCapacity;

    public async Task AddedAsync(string name, DateTimeOffset now)
    {
        await gate.WaitAsync();
        try
        {
            if (byAge is null)
                byAge = await LoadAsync();
            else
                byAge.Enqueue(name, now);
            while (byAge.TryPeek(out var oldest, out var at) && (byAge.Count > Capacity || time.GetUtcNow() - at >= Lifetime))
            {
                byAge.Dequeue();
                await ForgetAsync(oldest);
            }
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private async Task<PriorityQueue<string, DateTimeOffset>> LoadAsync()
    {
        var loaded = new PriorityQueue<string, DateTimeOffset>();
        await foreach (var rows in store.BatchesAsync(RequestLedger.Kind, "", CancellationToken.None))
            loaded.EnqueueRange(rows.Select(row => (row.Name, RecordJson.Read<FinishedRequest>(row.Data).Time)));
        return loaded;
    }

    private async Task ForgetAsync(string name)
    {
        if (await store.ReadAsync(RequestLedger.Kind, name, CancellationToken.None) is { } row)
            await store.DeleteAsync(RequestLedger.Kind, name, row.Etag, CancellationToken.None);
    }
}
