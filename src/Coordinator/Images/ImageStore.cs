using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Images;

namespace Cozy.Fleet.Coordinator.Images;

/// <summary>Images are plain records: nothing happens to one but what people write.</summary>
internal sealed class ImageStore(IRecordStore store, ImageUsers users)
{
    private readonly PlainRecords<ImageRecord> records = new(store, RecordKind.Images, "image");

    public Task<Answer<ImageRecord>> CreateAsync(ImageSpec spec, ResourceMetadata metadata, bool validateOnly) =>
        records.CreateAsync(metadata.Name, new(metadata, spec), validateOnly);

    public Task<Answer<ImageRecord>> UpdateAsync(ImageSpec spec, ResourceMetadata metadata, string etag, bool validateOnly) =>
        records.UpdateAsync(metadata.Name, etag, old => old with
        {
            Spec = spec,
            Metadata = old.Metadata.Updated(metadata, old.Spec != spec, metadata.UpdateTime),
            Pins = ImageSource.Remaining(spec, old.Pins),
        }, validateOnly);

    /// <summary>Null when it was deleted. Refused while something uses it.</summary>
    public Task<Refusal?> DeleteAsync(string name, string etag) => records.DeleteAsync(name, etag, async () =>
        await users.FirstAsync(name) is { } user
            ? new Refusal(RefusalKind.FailedPrecondition, $"image {name} is used by {user}; change that first.") : null);
}
