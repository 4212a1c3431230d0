using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Domain;
using Google.Protobuf;

namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>Where resources of one kind are written: the grain that owns them, or the store.</summary>
internal interface IUpdateTarget<TMessage>
    where TMessage : class, IMessage<TMessage>, new()
{
    /// <summary>The shape of the spec. What needs other resources is checked by the owner.</summary>
    void Check(TMessage asked, Problems problems);

    Task<Answer<TMessage>> UpdateAsync(TMessage merged, ResourceMetadata metadata, string etag, bool validateOnly);
}

internal interface IResourceTarget<TMessage> : IUpdateTarget<TMessage>
    where TMessage : class, IMessage<TMessage>, new()
{
    Task<Answer<TMessage>> CreateAsync(TMessage asked, ResourceMetadata metadata, bool validateOnly);

    /// <summary>Null when it was deleted.</summary>
    Task<Refusal?> DeleteAsync(string name, string etag);
}
