using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Coordinator.Images;

/// <summary>Who needs an image.</summary>
internal sealed class ImageUsers(IRecordStore store)
{
    /// <summary>One that uses it, such as <c>rack r1 (spec.discovery_image)</c>; null when there is none.</summary>
    public async Task<string?> FirstAsync(string image) =>
        await FindAsync<RackRecord>(RecordKind.Racks, r => r.Spec.DiscoveryImage == image,
            r => $"rack {r.Metadata.Name} (spec.discovery_image)")
        ?? await FindAsync<ClusterRecord>(RecordKind.Clusters, c => c.Spec.Image == image || c.Image == image,
            c => $"cluster {c.Metadata.Name}")
        ?? await FindAsync<RolloutRecord>(RecordKind.Rollouts, r => r.Spec.Image == image && IsOpen(r.State),
            r => $"rollout {r.Metadata.Name}");

    // A stopped rollout can be resumed.
    private static bool IsOpen(RolloutState state) => state is not (RolloutState.Done or RolloutState.Aborted);

    private async Task<string?> FindAsync<T>(string kind, Func<T, bool> uses, Func<T, string> name)
        where T : class
    {
        await foreach (var rows in store.BatchesAsync(kind, "", CancellationToken.None))
        {
            if (rows.Select(row => RecordJson.Read<T>(row.Data)).FirstOrDefault(uses) is { } user)
                return name(user);
        }
        return null;
    }
}
