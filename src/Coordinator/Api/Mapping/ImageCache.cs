using System.Globalization;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Images;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

/// <summary>How far an agent's cache is with an image, from the assets that its heartbeat names by digest, or by URL before they have one.</summary>
internal static class ImageCache
{
    // What the agent says of an asset that is on its way; anything else of an asset that is not ready is why it failed.
    private const string Fetching = "fetching";

    /// <summary>The images of which the agent holds, or is fetching, at least one asset.</summary>
    public static IEnumerable<V1.CachedImage> Images(AgentLiveness agent, IEnumerable<ImageRecord> images)
    {
        var known = agent.Assets.ToLookup(a => a.Url != "" ? a.Url : a.Sha256, StringComparer.Ordinal);
        return images.Select(image => (image, Assets: image.Effective.Assets.Select(a => known[Key(a)].FirstOrDefault()).ToArray()))
            .Where(i => i.Assets.Any(a => a is not null))
            .Select(i => State(i.image.Metadata.Name, i.Assets));
    }

    /// <summary>The image in one rack, or null when the rack's agent does not hold any of it.</summary>
    public static V1.RackImage? InRack(string rack, AgentLiveness? agent, ImageRecord image)
    {
        var state = agent is null ? null : Images(agent, [image]).FirstOrDefault();
        return state is null ? null : new() { Rack = rack, Ready = state.State == V1.CacheState.Ready, Message = state.Message };
    }

    private static string Key(BootAsset asset) => asset.Sha256 != "" ? asset.Sha256 : asset.Url;

    private static V1.CachedImage State(string image, CachedAsset?[] assets)
    {
        var failed = assets.Where(a => a is { Ready: false, Message: not ("" or Fetching) }).ToArray();
        // What has no checksum yet is not served, though it is here.
        var ready = assets.Count(a => a is { Ready: true, Url: "" });
        var (state, message) = (failed.Length, ready == assets.Length) switch
        {
            ( > 0, _) => (V1.CacheState.Failed, string.Join("; ", failed.Select(a => a!.Message).Distinct())),
            (_, true) => (V1.CacheState.Ready, ""),
            _ => (V1.CacheState.Fetching, $"{ready} of {assets.Length} files are here{Progress(assets)}"),
        };
        return new() { Image = image, State = state, Message = message };
    }

    private static string Progress(CachedAsset?[] assets)
    {
        var moving = assets.Where(a => a is { Ready: false, FetchedBytes: > 0 }).ToArray();
        return moving.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
            $", {moving.Sum(a => a!.FetchedBytes) >> 20} of {moving.Sum(a => a!.TotalBytes) >> 20} MiB of the next");
    }
}
