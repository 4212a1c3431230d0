using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Reads records as what they are.</summary>
internal static class RecordLists
{
    private const int PageSize = 1000;

    /// <summary>One record, or null when there is none.</summary>
    public static async ValueTask<T?> ReadAsync<T>(this IRecordStore store, string kind, string name, CancellationToken cancellationToken)
        where T : class => await store.ReadAsync(kind, name, cancellationToken) is { } row ? RecordJson.Read<T>(row.Data) : null;

    /// <summary>The members of a cluster that are known as nodes.</summary>
    public static async Task<IReadOnlyList<NodeRecord>> MembersAsync(
        this IRecordStore store, ClusterRecord cluster, CancellationToken cancellationToken)
    {
        var members = new List<NodeRecord>();
        foreach (var member in cluster.Members)
        {
            if (await store.ReadAsync<NodeRecord>(RecordKind.Nodes, member.Node, cancellationToken) is { } node)
                members.Add(node);
        }
        return members;
    }

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
