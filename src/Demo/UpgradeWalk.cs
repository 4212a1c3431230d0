using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Demo;

/// <summary>The releases that an upgrade stops at: minor by minor, each at its last patch (talos.md 6.5).</summary>
internal static class UpgradeWalk
{
    // Minor of Talos 1 → its last patch (talos.md 0).
    private static readonly Dictionary<int, int> LastPatches = new()
    {
        [6] = 8, [7] = 7, [8] = 4, [9] = 6, [10] = 9, [11] = 6, [12] = 11, [13] = 9,
    };

    /// <summary>The versions to install one after the other, the target last; the first is the last patch of the present minor.</summary>
    public static IReadOnlyList<SemanticVersion> Between(SemanticVersion from, SemanticVersion to)
    {
        var stops = LastPatches.Where(p => p.Key >= from.Minor && p.Key < to.Minor).Select(p => new SemanticVersion(1, p.Key, p.Value));
        return [.. stops.Where(stop => stop > from).Order(), to];
    }
}
