using Cozy.Fleet.Domain;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Records of one kind to which nothing happens but what people write.</summary>
/// <param name="noun">What the kind is called in a sentence.</param>
internal sealed class PlainRecords<T>(IRecordStore store, string kind, string noun)
    where T : class
{
    public async Task<Answer<T>> CreateAsync(string name, T record, bool validateOnly)
    {
        if (await ReadAsync(name) is not null)
            return Exists(name);
        if (validateOnly)
            return record;
        return await store.WriteAsync(kind, name, null, RecordJson.Write(record), CancellationToken.None) is null ? Exists(name) : record;
    }

    /// <param name="etag">The one that the change was made for.</param>
    public async Task<Answer<T>> UpdateAsync(string name, string etag, Func<T, T> change, bool validateOnly)
    {
        if (await ReadAsync(name) is not { } row)
            return Missing(name);
        var next = change(RecordJson.Read<T>(row.Data));
        if (etag != row.Etag)
            return Conflict(name);
        if (validateOnly)
            return next;
        return await store.WriteAsync(kind, name, etag, RecordJson.Write(next), CancellationToken.None) is null ? Conflict(name) : next;
    }

    /// <summary>Null when it was deleted.</summary>
    /// <param name="etag">Empty for whatever is there.</param>
    /// <param name="problem">Why it must stay; null when it may go.</param>
    public async Task<Refusal?> DeleteAsync(string name, string etag, Func<Task<Refusal?>> problem)
    {
        if (await ReadAsync(name) is not { } row)
            return Missing(name);
        if (etag != "" && etag != row.Etag)
            return Conflict(name);
        return await problem()
            ?? (await store.DeleteAsync(kind, name, row.Etag, CancellationToken.None) ? null : Conflict(name));
    }

    private ValueTask<StoredRecord?> ReadAsync(string name) => store.ReadAsync(kind, name, CancellationToken.None);

    private Refusal Exists(string name) => new(RefusalKind.AlreadyExists, $"{noun} {name} is there already.", "metadata.name");

    private Refusal Missing(string name) => new(RefusalKind.NotFound, $"there is no {noun} {name}.");

    private Refusal Conflict(string name) => new(RefusalKind.Aborted, $"{noun} {name} was changed in between; read it again.", "etag");
}
