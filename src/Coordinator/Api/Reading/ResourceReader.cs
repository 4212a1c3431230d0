using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Storage;
using Google.Protobuf;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>One page of a list. The token is empty on the last one.</summary>
internal sealed record Page<TMessage>(IReadOnlyList<TMessage> Items, string NextToken);

/// <summary>Get and List of one kind.</summary>
internal sealed class ResourceReader<TMessage>(IRecordStore store, ResourceView<TMessage> view)
    where TMessage : class, IMessage<TMessage>, new()
{
    public async Task<TMessage?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var row = name == "" ? null : await store.ReadAsync(view.Kind, name, cancellationToken);
        return row is null ? null : (await view.ShowAsync([row], cancellationToken))[0];
    }

    public async Task<TMessage> GetAsync(string name, CancellationToken cancellationToken) =>
        await FindAsync(name, cancellationToken) ?? throw Refusals.NotFound(view.Noun, name);

    /// <remarks>Pages go by name, so a write between two pages neither repeats nor hides another resource.</remarks>
    public async Task<Page<TMessage>> ListAsync(int size, string token, string filter, CancellationToken cancellationToken)
    {
        var limit = PageToken.Size(size);
        var matcher = MessageFilter.Parse(filter, ResourceView<TMessage>.Descriptor);
        var after = PageToken.Read(view.Kind, filter, token);
        var found = new List<TMessage>();
        await foreach (var rows in store.BatchesAsync(view.Kind, after, cancellationToken))
        {
            found.AddRange((await view.ShowAsync(rows, cancellationToken)).Where(matcher.Matches));
            if (found.Count > limit)
                return new(found[..limit], PageToken.Write(view.Kind, filter, Name(found[limit - 1])));
        }
        return new(found, "");
    }

    private static string Name(TMessage message) => ResourceView<TMessage>.Metadata(message)?.Name ?? "";
}
