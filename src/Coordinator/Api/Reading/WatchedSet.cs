using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>Which resources a watcher has, so that each change is told as what it is for this watcher.</summary>
/// <param name="resumed">True when the watcher brought a picture of its own, which we do not know.</param>
internal sealed class WatchedSet(bool resumed)
{
    private readonly HashSet<string> has = new(StringComparer.Ordinal);
    private readonly HashSet<string> hasNot = new(StringComparer.Ordinal);

    /// <param name="name">The resource that changed.</param>
    /// <param name="shown">It is there and matches the filter.</param>
    /// <param name="created">It was made after the watch began.</param>
    /// <returns>What the watcher is told; null when it is none of its business.</returns>
    public V1.ChangeType? Judge(string name, bool shown, bool created)
    {
        if (shown)
        {
            var isNew = has.Add(name) & (!resumed || created || hasNot.Contains(name));
            hasNot.Remove(name);
            return isNew ? V1.ChangeType.Added : V1.ChangeType.Modified;
        }
        // A watcher that resumed may hold it from before; it is told once.
        var held = has.Remove(name) || (resumed && !hasNot.Contains(name));
        if (resumed)
            hasNot.Add(name);
        return held ? V1.ChangeType.Deleted : null;
    }
}
