using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>Which Talos release may be installed on which host (rollouts.md 2.6); the installer itself enforces the lower bound.</summary>
public static class UpgradePaths
{
    // Target minor → lowest minor of the host. All of major 1.
    private static readonly Dictionary<int, int> LowestHost = new()
    {
        [7] = 4, [8] = 5, [9] = 8, [10] = 8, [11] = 9, [12] = 10, [13] = 11, [14] = 12, [15] = 13,
    };

    /// <summary>Why a node cannot go from one version to the other; null when it can.</summary>
    public static string? Problem(string from, string to)
    {
        if (!SemanticVersion.TryParse(from, out var host))
            return $"its Talos version is '{from}', which cannot be read";
        if (!SemanticVersion.TryParse(to, out var target))
            return $"the image's Talos version is '{to}', which cannot be read";
        if (target < host)
            return $"{to} is older than {from}; a downgrade is not done by a rollout";
        // A patch of its own minor is always allowed.
        return target.Minor == host.Minor || host.Minor >= LowestHost.GetValueOrDefault(target.Minor, target.Minor - 1)
            ? null
            : $"{to} can be installed from v1.{LowestHost.GetValueOrDefault(target.Minor, target.Minor - 1)} on, not from {from}; "
                + "go through the latest patch of each minor in between";
    }

    /// <summary>True when the node has the lifecycle service: pull, install and reboot are calls of their own (rollouts.md 2.2).</summary>
    public static bool HasLifecycleService(string version) =>
        SemanticVersion.TryParse(version, out var parsed) && parsed.IsAtLeast(1, 13);

    /// <summary>True when the legacy call must be told to keep the data: it wipes EPHEMERAL otherwise (talos.md 0, trap 6).</summary>
    public static bool NeedsPreserve(string version) =>
        SemanticVersion.TryParse(version, out var parsed) && !parsed.IsAtLeast(1, 8);
}
