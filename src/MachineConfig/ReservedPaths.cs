using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// What a patch may not write: secrets and identities belong to the coordinator, and a patch of them would break the cluster's trust.
/// Taking away or replacing a map that holds one counts as writing it.
/// </summary>
internal static class ReservedPaths
{
    private static readonly string[] Paths =
    [
        "machine.type", "machine.token", "machine.ca", "cluster.id", "cluster.secret", "cluster.token", "cluster.ca",
        "cluster.aggregatorCA", "cluster.serviceAccount", "cluster.etcd.ca", "cluster.secretboxEncryptionSecret",
        "cluster.controlPlane.endpoint", "machine.install.image",
    ];

    /// <summary>What is wrong with a patch of the v1alpha1 document, with its line; null when nothing is.</summary>
    public static string? Problem(YamlMappingNode patch) => patch.TextAt("$patch") is not null
        ? $"line {patch.Start.Line}: the v1alpha1 document cannot be deleted."
        : Paths.Select(path => Problem(patch, path)).FirstOrDefault(problem => problem is not null);

    private static string? Problem(YamlMappingNode patch, string path)
    {
        YamlNode at = patch;
        foreach (var key in path.Split('.'))
        {
            if (at is not YamlMappingNode map)
                return Refuse(at, path);
            if (map.TextAt("$patch") == "delete")
                return Refuse(map, path);
            if (map.At(key) is not { } next)
                return null;
            at = next;
        }
        return Refuse(at, path);
    }

    private static string Refuse(YamlNode at, string path) => $"line {at.Start.Line}: {path} is set by the coordinator and cannot be patched.";
}
