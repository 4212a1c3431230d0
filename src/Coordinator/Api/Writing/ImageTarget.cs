using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Coordinator.Images;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Images;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Writes images and tells every rack: what its machines boot may be another file now.</summary>
internal sealed class ImageTarget(ImageStore images, ImagePins pins) : IResourceTarget<V1.Image>
{
    public void Check(V1.Image asked, Problems problems) => ImageRules.Check(asked.Spec, problems);

    public async Task<Answer<V1.Image>> CreateAsync(V1.Image asked, ResourceMetadata metadata, bool validateOnly)
    {
        var answer = await images.CreateAsync(asked.Spec.ToRecord(), metadata, validateOnly);
        // Also when it is there already: this may be the repetition of a call that was cut off before it told anybody.
        if (!validateOnly)
            await pins.TellRacksAsync();
        return Shown(answer);
    }

    public async Task<Answer<V1.Image>> UpdateAsync(V1.Image merged, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        var answer = await images.UpdateAsync(merged.Spec.ToRecord(), metadata, etag, validateOnly);
        if (answer.Refusal is null && !validateOnly)
            await pins.TellRacksAsync();
        return Shown(answer);
    }

    public async Task<Refusal?> DeleteAsync(string name, string etag)
    {
        var refusal = await images.DeleteAsync(name, etag);
        if (refusal is null)
            await pins.TellRacksAsync();
        return refusal;
    }

    private static Answer<V1.Image> Shown(Answer<ImageRecord> answer) =>
        answer.Accepted(out var image, out var refusal) ? image.ToProto("", []) : refusal;
}
