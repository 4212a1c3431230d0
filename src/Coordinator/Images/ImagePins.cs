using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Images;

/// <summary>
/// Keeps what agents report of images. The first digest of a file that came without a checksum holds for the whole fleet from then on;
/// the files of a finished build become the image's. Agents repeat both, so nothing is lost when this is cut short.
/// </summary>
internal sealed class ImagePins(IRecordStore store, IGrainFactory grains, IEventLog log, TimeProvider time)
{
    public async Task TakeAsync(string rack, AgentLiveness seen)
    {
        await TakeBuildsAsync(rack, seen.Builds.Where(b => b.State == BuildState.Done).ToArray());
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
        var racks = await store.ReadAllAsync<RackRecord>(RecordKind.Racks, CancellationToken.None);
        await Task.WhenAll(racks.Select(rack => grains.GetGrain<IRackGrain>(rack.Metadata.Name).ImagesChanged()));
    }

    private async Task TakeBuildsAsync(string rack, BuildProgress[] done)
    {
        if (done.Length == 0 || await grains.GetGrain<IRackGrain>(rack).Get() is not { } agent)
            return;
        var changed = false;
        await foreach (var rows in store.BatchesAsync(RecordKind.Images, "", CancellationToken.None))
        {
            foreach (var row in rows)
                changed |= await KeepAsync(row, done, $"{agent.BootUrl.TrimEnd('/')}/assets/");
        }
        if (changed)
            await TellRacksAsync();
    }

    private async Task<bool> KeepAsync(StoredRecord row, BuildProgress[] done, string place)
    {
        var image = RecordJson.Read<ImageRecord>(row.Data);
        if (image.Spec.Imager is not { } imager || done.FirstOrDefault(b => b.Id == imager.Id) is not { } build)
            return false;
        var files = build.Files.Select(f => f with { Url = place + f.Sha256 }).ToEquatableArray();
        var next = image with { Built = new(imager.Id, files) };
        if (next == image || await store.WriteAsync(RecordKind.Images, row.Name, row.Etag, RecordJson.Write(next), CancellationToken.None) is null)
            return false; // It is kept already, or somebody wrote in between; the next heartbeat says it again.
        await log.AppendAsync(new(time.GetUtcNow(), EventSeverity.Normal, $"images/{row.Name}", "ImageBuilt",
            $"rack {imager.Rack} built {string.Join(", ", files.Select(f => $"{f.Name} ({f.Sha256})"))}"), CancellationToken.None);
        return true;
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
