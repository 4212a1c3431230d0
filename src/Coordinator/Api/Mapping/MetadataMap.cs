using System.Collections.Immutable;
using Cozy.Fleet.Domain;
using Google.Protobuf.Collections;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class MetadataMap
{
    public static V1.Metadata ToProto(this ResourceMetadata metadata, string etag)
    {
        var proto = new V1.Metadata
        {
            Name = metadata.Name,
            Uid = metadata.Uid,
            Etag = etag,
            Generation = metadata.Generation,
            CreateTime = metadata.CreateTime.ToProto(),
            UpdateTime = metadata.UpdateTime.ToProto(),
        };
        proto.Labels.Add(metadata.Labels);
        proto.Annotations.Add(metadata.Annotations);
        return proto;
    }

    /// <summary>The part of the metadata that a client may write; the rest is set where the record is made.</summary>
    public static ResourceMetadata ToRecord(this V1.Metadata? metadata, string uid, DateTimeOffset now) =>
        new(metadata?.Name ?? "", uid, now)
        {
            Labels = metadata?.Labels.ToSorted() ?? ImmutableSortedDictionary<string, string>.Empty,
            Annotations = metadata?.Annotations.ToSorted() ?? ImmutableSortedDictionary<string, string>.Empty,
        };

    public static ImmutableSortedDictionary<string, string> ToSorted(this MapField<string, string> map) =>
        map.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
