using System.Runtime.CompilerServices;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Api.Reading;

internal static class RecordRows
{
    /// <summary>How many rows are read at once.</summary>
    public const int Batch = 256;

    /// <summary>All rows of the kind behind a name, in batches.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<StoredRecord>> BatchesAsync(
        this IRecordStore store, string kind, string after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var rows = await store.ListAsync(kind, after, Batch, cancellationToken);
            if (rows.Count > 0)
                yield return rows;
            if (rows.Count < Batch)
                yield break;
            after = rows[^1].Name;
        }
    }
}
