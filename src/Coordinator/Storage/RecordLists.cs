namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Reads whole kinds of records.</summary>
internal static class RecordLists
{
    private const int PageSize = 1000;

    /// <summary>Every record of a kind, by name.</summary>
    public static async Task<IReadOnlyList<T>> ReadAllAsync<T>(this IRecordStore store, string kind, CancellationToken cancellationToken)
        where T : class
    {
        var (found, after) = (new List<T>(), "");
        while (true)
        {
            var page = await store.ListAsync(kind, after, PageSize, cancellationToken);
            found.AddRange(page.Select(row => RecordJson.Read<T>(row.Data)));
            if (page.Count < PageSize)
                return found;
            after = page[^1].Name;
        }
    }
}
