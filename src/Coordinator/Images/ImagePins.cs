using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Racks;

namespace Cozy.Fleet.Coordinator.Images;

/// <summary>
/// Pins files that came without a checksum: the first digest that an agent reports of one holds for the whole fleet from then on. Agents
/// report it until they are told the digest, so nothing is lost when this is cut short.
/// </summary>
internal sealed class ImagePins(IRecordStore store, IGrainFactory grains, IEventLog log, TimeProvider time)
{
    public async Task TakeAsync(string rack, AgentLiveness seen)
    {
        var fresh = seen.Assets.Where(a => a is { Ready: true, Url: not "", Sha256.Length: 64 }).Select(a => (a.Url, a.Sha256)).ToArray();
        if (fresh.Length == 0)
            return;
        var changed = false;
        await foreach (var rows in store.BatchesAsync(RecordKind.Images, "", CancellationToken.None))
        {
            foreach (var row in rows)
                changed |= await PinAsync(row, rack, fresh);
        }
        if (changed)
            await TellRacksAsync();
    }

    /// <summary>What machines boot may be another file now.</summary>
    public async Task TellRacksAsync()
    {
        var racks = await store.AllAsync<RackRecord>(RecordKind.Racks, CancellationToken.None);
        await Task.WhenAll(racks.Select(rack => grains.GetGrain<IRackGrain>(rack.Metadata.Name).ImagesChanged()));
    }

    // When somebody wrote in between, the next heartbeat brings the digest again.
    private async Task<bool> PinAsync(StoredRecord row, string rack, (string Url, string Sha256)[] fresh)
    {
        var image = RecordJson.Read<ImageRecord>(row.Data);
        var pinned = ImageSource.Pin(image, rack, fresh, time.GetUtcNow());
        if (ReferenceEquals(pinned, image)
            || await store.WriteAsync(RecordKind.Images, row.Name, row.Etag, RecordJson.Write(pinned), CancellationToken.None) is null)
            return false;
        foreach (var pin in pinned.Pins.Except(image.Pins))
        {
            await log.AppendAsync(new(time.GetUtcNow(), EventSeverity.Normal, $"images/{row.Name}", "AssetPinned",
                $"{pin.Url} has the SHA-256 {pin.Sha256}, as rack {rack} fetched it; no other content is served from now on"), CancellationToken.None);
        }
        return true;
    }
}
