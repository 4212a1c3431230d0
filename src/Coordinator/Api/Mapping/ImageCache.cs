using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Images;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

/// <summary>How far an agent's cache is with an image, from the assets that its heartbeat names by digest.</summary>
internal static class ImageCache
{
    // What the agent says of an asset that is on its way; anything else of an asset that is not ready is why it failed.
    private const string Fetching = "fetching";

    /// <summary>The images of which the agent holds, or is fetching, at least one asset.</summary>
    public static IEnumerable<V1.CachedImage> Images(AgentLiveness agent, IEnumerable<ImageRecord> images)
    {
        var known = agent.Assets.ToLookup(a => a.Sha256, StringComparer.Ordinal);
        return images.Where(i => i.Spec.Assets.Any(a => known.Contains(a.Sha256))).Select(i => State(i, known));
    }

    /// <summary>The image in one rack, or null when the rack's agent does not hold any of it.</summary>
    public static V1.RackImage? InRack(string rack, AgentLiveness? agent, ImageRecord image)
    {
        var state = agent is null ? null : Images(agent, [image]).FirstOrDefault();
        return state is null ? null : new() { Rack = rack, Ready = state.State == V1.CacheState.Ready, Message = state.Message };
    }

    private static V1.CachedImage State(ImageRecord image, ILookup<string, CachedAsset> known)
    {
        var assets = image.Spec.Assets.Select(a => (a.Sha256, Cached: known[a.Sha256].FirstOrDefault())).ToArray();
        var failed = assets.Where(a => a.Cached is { Ready: false, Message: not ("" or Fetching) }).ToArray();
        var ready = assets.Count(a => a.Cached is { Ready: true });
        var (state, message) = (failed.Length, ready == assets.Length) switch
        {
            ( > 0, _) => (V1.CacheState.Failed, string.Join("; ", failed.Select(a => a.Cached!.Message).Distinct())),
            (_, true) => (V1.CacheState.Ready, ""),
            _ => (V1.CacheState.Fetching, $"{ready} of {assets.Length} files are here"),
        };
        return new() { Image = image.Metadata.Name, State = state, Message = message };
    }
}
