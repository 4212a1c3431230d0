using System.Globalization;
using System.Runtime.CompilerServices;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Storage;
using Google.Protobuf;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>One message of a watch. The token is empty within the first picture: half of a picture is no place to resume.</summary>
internal sealed record Change<TMessage>(V1.ChangeType Type, TMessage? Item, string ResumeToken);

/// <summary>Watch of one kind: the first picture, a bookmark, then what changes.</summary>
internal sealed class ResourceWatch<TMessage>(IRecordStore store, ResourceView<TMessage> view, TimeProvider time)
    where TMessage : class, IMessage<TMessage>, new()
{
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(30);

    public async IAsyncEnumerable<Change<TMessage>> WatchAsync(
        string filter, string resumeToken, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var matcher = MessageFilter.Parse(filter, ResourceView<TMessage>.Descriptor);
        var seen = new WatchedSet(resumed: resumeToken != "");
        // Read before the picture: what is written while it is read is told again, never left out.
        var revision = resumeToken == "" ? store.Revision : Revision(resumeToken);
        if (resumeToken == "")
        {
            await foreach (var item in PictureAsync(matcher, seen, cancellationToken))
                yield return new(V1.ChangeType.Added, item, "");
            yield return new(V1.ChangeType.Bookmark, null, Token(revision));
        }

        var begun = time.GetUtcNow();
        await using var rows = new TimedRows(store, view.Kind, revision, time);
        while (true)
        {
            var row = await rows.NextAsync(BookmarkInterval, cancellationToken);
            if (row is null)
            {
                yield return new(V1.ChangeType.Bookmark, null, Token(rows.Revision));
                continue;
            }
            var item = row.Deleted ? null : (await view.ShowAsync([row], cancellationToken))[0];
            var shown = item is not null && matcher.Matches(item) ? item : null;
            var created = shown is not null && Created(shown) >= begun;
            if (seen.Judge(row.Name, shown is not null, created) is { } type)
                yield return new(type, shown ?? ResourceView<TMessage>.Gone(row), Token(row.Revision));
        }
    }

    private async IAsyncEnumerable<TMessage> PictureAsync(
        MessageFilter matcher, WatchedSet seen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var rows in store.BatchesAsync(view.Kind, "", cancellationToken))
        {
            foreach (var item in (await view.ShowAsync(rows, cancellationToken)).Where(matcher.Matches))
            {
                seen.Judge(ResourceView<TMessage>.Metadata(item)!.Name, shown: true, created: false);
                yield return item;
            }
        }
    }

    private long Revision(string token)
    {
        if (!long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            throw Problems.Of("resume_token", "is not a token of a watch; leave it empty to get the whole picture");
        // Deleted rows are kept, so no token is too old; one from the future is from before a restore.
        if (revision > store.Revision)
            throw Problems.Of("resume_token", "is newer than this store, which was restored; leave it empty to get the whole picture");
        return revision;
    }

    private static DateTimeOffset Created(TMessage item) =>
        ResourceView<TMessage>.Metadata(item)?.CreateTime?.ToDateTimeOffset() ?? default;

    private static string Token(long revision) => revision.ToString(CultureInfo.InvariantCulture);
}
