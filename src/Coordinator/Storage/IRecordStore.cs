namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>The kinds of stored records: the grain state names, and the collections of the API.</summary>
public static class RecordKind
{
    public const string Racks = "racks";
    public const string Nodes = "nodes";
    public const string Images = "images";
    public const string Clusters = "clusters";
    public const string FleetPatches = "fleetpatches";
    public const string Rollouts = "rollouts";
    public const string Operations = "operations";
    public const string Tokens = "tokens";
    public const string AppliedConfigs = "applied-configs";
}

/// <summary>A record as it is stored: JSON, with the etag of its last write.</summary>
/// <param name="Revision">Grows with every write of the whole store; the resume token of a watch.</param>
/// <param name="Data">Empty for a deleted record.</param>
public sealed record StoredRecord(string Kind, string Name, string Etag, long Revision, bool Deleted, ReadOnlyMemory<byte> Data);

/// <summary>
/// Everything that the coordinator stores. Grain states are rows of it, so that the same rows answer lists and watches: there
/// is no second index that could lag behind. A write is durable when its task completes.
/// </summary>
public interface IRecordStore
{
    /// <summary>The record, or null when there is none or it was deleted.</summary>
    ValueTask<StoredRecord?> ReadAsync(string kind, string name, CancellationToken cancellationToken);

    /// <summary>Writes when the etag is the stored one (null: when there is no such record).</summary>
    /// <returns>The stored record, or null when somebody else wrote in between.</returns>
    Task<StoredRecord?> WriteAsync(
        string kind, string name, string? etag, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>Deletes when the etag is the stored one. A tombstone stays for the watches.</summary>
    Task<bool> DeleteAsync(string kind, string name, string etag, CancellationToken cancellationToken);

    /// <summary>Records by name, behind <paramref name="afterName"/>, without deleted ones.</summary>
    ValueTask<IReadOnlyList<StoredRecord>> ListAsync(string kind, string afterName, int limit, CancellationToken cancellationToken);

    /// <summary>The newest revision of the store.</summary>
    long Revision { get; }

    /// <summary>
    /// The latest state of every record of the kind that was written after the revision, deleted ones included, in the order of
    /// their revisions; then whatever is written, as it is written. Several writes of one record may arrive as one.
    /// </summary>
    IAsyncEnumerable<StoredRecord> WatchAsync(string kind, long afterRevision, CancellationToken cancellationToken);
}
