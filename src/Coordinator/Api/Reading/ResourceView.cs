using Cozy.Fleet.Coordinator.Storage;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>How rows of one kind are shown. Lists and watches read the rows that the grains wrote: they cannot lag.</summary>
internal abstract class ResourceView<TMessage>(string kind, string noun)
    where TMessage : class, IMessage<TMessage>, new()
{
    private static readonly FieldDescriptor MetadataField = new TMessage().Descriptor.FindFieldByName("metadata");

    public string Kind => kind;

    /// <summary>What the kind is called in a sentence.</summary>
    public string Noun => noun;

    public static MessageDescriptor Descriptor { get; } = new TMessage().Descriptor;

    /// <summary>The messages of the rows, in their order.</summary>
    public abstract ValueTask<IReadOnlyList<TMessage>> ShowAsync(
        IReadOnlyList<StoredRecord> rows, CancellationToken cancellationToken);

    public static V1.Metadata? Metadata(TMessage message) => (V1.Metadata?)MetadataField.Accessor.GetValue(message);

    /// <summary>A message of which only metadata is left.</summary>
    public static TMessage Gone(StoredRecord row)
    {
        var message = new TMessage();
        MetadataField.Accessor.SetValue(message, new V1.Metadata { Name = row.Name, Etag = row.Etag });
        return message;
    }
}
