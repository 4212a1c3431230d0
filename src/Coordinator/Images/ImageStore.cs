using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Images;

namespace Cozy.Fleet.Coordinator.Images;

/// <summary>Images are plain records: nothing happens to one but what people write.</summary>
internal sealed class ImageStore(IRecordStore store, ImageUsers users)
{
    public async Task<Answer<ImageRecord>> CreateAsync(ImageSpec spec, ResourceMetadata metadata, bool validateOnly)
    {
        var image = new ImageRecord(metadata, spec);
        if (await ReadAsync(metadata.Name) is not null)
            return Exists(metadata.Name);
        if (validateOnly)
            return image;
        var row = await store.WriteAsync(RecordKind.Images, metadata.Name, null, RecordJson.Write(image), CancellationToken.None);
        return row is null ? Exists(metadata.Name) : image;
    }

    public async Task<Answer<ImageRecord>> UpdateAsync(ImageSpec spec, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        if (await ReadAsync(metadata.Name) is not { } row)
            return Missing(metadata.Name);
        var old = RecordJson.Read<ImageRecord>(row.Data);
        var next = old with { Spec = spec, Metadata = old.Metadata.Updated(metadata, old.Spec != spec, metadata.UpdateTime), Pins = ImageSource.Remaining(spec, old.Pins) };
        if (etag != row.Etag)
            return Conflict(metadata.Name);
        if (validateOnly)
            return next;
        var written = await store.WriteAsync(RecordKind.Images, row.Name, etag, RecordJson.Write(next), CancellationToken.None);
        return written is null ? Conflict(metadata.Name) : next;
    }

    /// <summary>Null when it was deleted. Refused while something uses it.</summary>
    public async Task<Refusal?> DeleteAsync(string name, string etag)
    {
        if (await ReadAsync(name) is not { } row)
            return Missing(name);
        if (etag != "" && etag != row.Etag)
            return Conflict(name);
        if (await users.FirstAsync(name) is { } user)
            return new(RefusalKind.FailedPrecondition, $"image {name} is used by {user}; change that first.");
        return await store.DeleteAsync(RecordKind.Images, name, row.Etag, CancellationToken.None) ? null : Conflict(name);
    }

    private ValueTask<StoredRecord?> ReadAsync(string name) => store.ReadAsync(RecordKind.Images, name, CancellationToken.None);

    private static Refusal Exists(string name) => new(RefusalKind.AlreadyExists, $"image {name} is there already.", "metadata.name");

    private static Refusal Missing(string name) => new(RefusalKind.NotFound, $"there is no image {name}.");

    private static Refusal Conflict(string name) =>
        new(RefusalKind.Aborted, $"image {name} was changed in between; read it again.", "etag");
}
