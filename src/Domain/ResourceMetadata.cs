using System.Collections.Immutable;

namespace Cozy.Fleet.Domain;

/// <summary>What every stored resource carries. The etag belongs to the storage, not to the record.</summary>
public sealed record ResourceMetadata(string Name, string Uid, DateTimeOffset CreateTime)
{
    /// <summary>Counts the changes of the spec, from 1.</summary>
    public long Generation { get; init; } = 1;

    public DateTimeOffset UpdateTime { get; init; } = CreateTime;

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>After an operator wrote: with the labels and annotations of <paramref name="written"/>.</summary>
    /// <param name="specChanged">Another spec is another generation.</param>
    public ResourceMetadata Updated(ResourceMetadata written, bool specChanged, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(written);
        return this with
        {
            Labels = written.Labels,
            Annotations = written.Annotations,
            UpdateTime = now,
            Generation = Generation + (specChanged ? 1 : 0),
        };
    }
}
