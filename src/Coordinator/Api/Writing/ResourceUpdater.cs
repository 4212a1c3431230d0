using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Domain;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Update of one kind: reads, merges the mask, checks, writes if nobody wrote in between.</summary>
internal sealed class ResourceUpdater<TMessage>(ResourceReader<TMessage> reader, IUpdateTarget<TMessage> target)
    where TMessage : class, IMessage<TMessage>, IDeepCloneable<TMessage>, new()
{
    // Status is written into the same row, so that an update without etag may meet a newer one; it then merges anew.
    private const int Attempts = 10;

    /// <returns>The updated resource, or null when there is none of this name.</returns>
    public async Task<TMessage?> UpdateAsync(TMessage update, FieldMask? mask, bool validateOnly, Mutation mutation)
    {
        var asked = ResourceView<TMessage>.Metadata(update);
        for (var attempt = 1; ; attempt++)
        {
            if (await reader.FindAsync(asked?.Name ?? "", mutation.Cancellation) is not { } present)
                return null;
            var answer = await TryAsync(present, update, mask, validateOnly, mutation);
            if (answer.Accepted(out var written, out var refusal))
                return validateOnly ? written : await reader.GetAsync(asked!.Name, mutation.Cancellation);
            if (refusal.Kind != RefusalKind.Aborted || asked?.Etag is not (null or "") || attempt == Attempts)
                throw refusal.ToRpc();
        }
    }

    private async Task<Answer<TMessage>> TryAsync(
        TMessage present, TMessage update, FieldMask? mask, bool validateOnly, Mutation mutation)
    {
        var stored = ResourceView<TMessage>.Metadata(present)!;
        var wanted = ResourceView<TMessage>.Metadata(update)!.Etag;
        if (wanted != "" && wanted != stored.Etag)
            return Refusals.Conflict(typeof(TMessage).Name.ToLowerInvariant());
        var merged = FieldMasks.Merge(present, update, mask);
        var metadata = ResourceView<TMessage>.Metadata(merged);
        var problems = new Problems();
        NameRules.CheckMaps(metadata, problems);
        target.Check(merged, problems);
        problems.ThrowIfAny();
        return await target.UpdateAsync(merged, metadata.ToRecord(stored.Uid, mutation.Now), stored.Etag, validateOnly);
    }
}
