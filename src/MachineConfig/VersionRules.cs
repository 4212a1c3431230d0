using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>Which Kubernetes versions a Talos release runs (talos.md 6.5).</summary>
public static class VersionRules
{
    // Talos minor → Kubernetes minors, both of major 1.
    private static readonly Dictionary<int, (int From, int To)> Kubernetes = new()
    {
        [6] = (24, 29), [7] = (25, 30), [8] = (26, 31), [9] = (27, 32), [10] = (28, 33),
        [11] = (29, 34), [12] = (30, 35), [13] = (31, 36), [14] = (32, 37), [15] = (33, 38),
    };

    /// <summary>The first release of the newest minor that is supported.</summary>
    public static SemanticVersion Newest { get; } = new(1, Kubernetes.Keys.Max(), 0);

    /// <summary>Null when the pair fits; else why it does not.</summary>
    public static string? Problem(SemanticVersion talos, SemanticVersion kubernetes)
    {
        if (talos.Major != 1 || !Kubernetes.TryGetValue(talos.Minor, out var range))
            return $"Talos {talos} is not supported; the range is v1.6 to v1.15.";
        return kubernetes.Major == 1 && kubernetes.Minor >= range.From && kubernetes.Minor <= range.To
            ? null
            : $"Talos {talos} runs Kubernetes v1.{range.From} to v1.{range.To}, not {kubernetes}.";
    }

    /// <summary>The first release of the newest Kubernetes that a Talos release runs; null when the Talos release is not supported.</summary>
    public static SemanticVersion? NewestKubernetes(SemanticVersion talos) =>
        talos.Major == 1 && Kubernetes.TryGetValue(talos.Minor, out var range) ? new(1, range.To, 0) : null;
}
