using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Domain;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Create, Update and Delete of the kinds that people declare.</summary>
internal sealed class ResourceWriter<TMessage>(
    ResourceReader<TMessage> reader, ResourceView<TMessage> view, IResourceTarget<TMessage> target)
    where TMessage : class, IMessage<TMessage>, IDeepCloneable<TMessage>, new()
{
    private readonly ResourceUpdater<TMessage> updater = new(reader, target);

    public async Task<TMessage> CreateAsync(TMessage? asked, bool validateOnly, Mutation mutation)
    {
        asked ??= new();
        var metadata = ResourceView<TMessage>.Metadata(asked);
        var problems = new Problems();
        NameRules.Check(metadata, problems);
        target.Check(asked, problems);
        problems.ThrowIfAny();
        var answer = await target.CreateAsync(asked, metadata.ToRecord(mutation.Uid, mutation.Now), validateOnly);
        if (answer.Accepted(out var created, out var refusal))
            return validateOnly ? created : await reader.GetAsync(metadata!.Name, mutation.Cancellation);
        return refusal.Kind == RefusalKind.AlreadyExists && await MineAsync(metadata!.Name, mutation) is { } mine
            ? mine
            : throw refusal.ToRpc();
    }

    public async Task<TMessage> UpdateAsync(
        TMessage? update, FieldMask? mask, (bool ValidateOnly, bool AllowMissing) how, Mutation mutation)
    {
        var name = (update is null ? null : ResourceView<TMessage>.Metadata(update))?.Name ?? "";
        if (name == "")
            throw Problems.Of("metadata.name", "must be set");
        if (await updater.UpdateAsync(update!, mask, how.ValidateOnly, mutation) is { } updated)
            return updated;
        if (!how.AllowMissing)
            throw Refusals.NotFound(view.Noun, name);
        // The mask says which fields are meant; the others start empty, as in any creation.
        var empty = new TMessage();
        empty.Descriptor.FindFieldByName("metadata").Accessor.SetValue(empty, new Contracts.V1.Metadata { Name = name });
        return await CreateAsync(FieldMasks.Merge(empty, update!, mask), how.ValidateOnly, mutation);
    }

    public async Task DeleteAsync(string name, string etag, Mutation mutation)
    {
        mutation.Cancellation.ThrowIfCancellationRequested();
        if (!NameRules.IsName(name))
            throw Refusals.NotFound(view.Noun, name);
        if (await target.DeleteAsync(name, etag) is { } refusal)
            throw refusal.ToRpc();
    }

    // The first call was carried out and then cut off before its result was kept.
    private async Task<TMessage?> MineAsync(string name, Mutation mutation) =>
        await reader.FindAsync(name, mutation.Cancellation) is { } present
            && ResourceView<TMessage>.Metadata(present)!.Uid == mutation.Uid ? present : null;
}
