using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>
/// What a patch may not write: secrets and identities belong to the coordinator, and a patch of them would break the cluster's trust.
/// Taking away or replacing a map that holds one counts as writing it.
/// </summary>
internal static class ReservedPaths
{
    private static readonly string[][] Main = Split(
        "machine.type", "machine.token", "machine.ca", "cluster.id", "cluster.secret", "cluster.token", "cluster.ca",
        "cluster.aggregatorCA", "cluster.serviceAccount", "cluster.etcd.ca", "cluster.secretboxEncryptionSecret",
        "cluster.aescbcEncryptionSecret", "cluster.controlPlane.endpoint", "machine.install.image");

    // The documents that took these over in 1.14 (talos.md 5.4).
    private static readonly Dictionary<string, string[][]> Documents = new()
    {
        ["DiscoveryIdentityConfig"] = Split("clusterID", "clusterSecret"),
        ["KubeClusterConfig"] = Split("endpoint"),
        ["KubeAPIServerCAConfig"] = Split("issuingCA"),
        ["KubeAggregatorCAConfig"] = Split("issuingCA"),
        ["KubeServiceAccountConfig"] = Split("issuer.privateKey"),
        ["KubeEtcdEncryptionConfig"] = Split("config"),
        ["UnattendedInstallConfig"] = Split("installer.image"),
    };

    /// <summary>What is wrong with a document of a strategic merge patch, with its line; null when nothing is.</summary>
    public static string? Problem(YamlMappingNode patch)
    {
        var kind = patch.TextAt("kind") ?? "";
        if (kind == "" && patch.TextAt("$patch") is not null)
            return $"line {patch.Start.Line}: the v1alpha1 document cannot be deleted.";
        return Of(kind).Select(path => Problem(patch, path)).FirstOrDefault(problem => problem is not null);
    }

    /// <summary>What is wrong with the operations of a JSON patch of the v1alpha1 document; null when nothing is.</summary>
    public static string? Problem(YamlSequenceNode patch) => patch
        .Where(operation => operation.TextAt("op") != "test")
        .SelectMany(operation => new[] { ("path", operation), ("from", operation) })
        .Where(p => p.operation.TextAt(p.Item1) is not null && (p.Item1 == "path" || p.operation.TextAt("op") == "move"))
        .Select(p => Problem(new JsonPointer(p.operation.TextAt(p.Item1) ?? "", 0).Keys, p.operation.Start.Line))
        .FirstOrDefault(problem => problem is not null);

    /// <summary>Takes what a patch may not write out of it, with the maps that are empty then, and names it.</summary>
    public static IReadOnlyList<string> Strip(YamlMappingNode patch) =>
        [.. Of(patch.TextAt("kind") ?? "").Where(path => Remove(patch, path)).Select(path => string.Join('.', path))];

    /// <summary>True for a place, named as rules name it, that the coordinator sets.</summary>
    public static bool Covers(string rule)
    {
        var (kind, keys) = rule.Split(':', 2) is [var first, var second] ? (first, second.Split('.')) : ("", rule.Split('.'));
        return Array.Exists(Of(kind), path => path.Length <= keys.Length && path.SequenceEqual(keys.Take(path.Length)));
    }

    private static bool Remove(YamlMappingNode map, string[] path)
    {
        if (map.At(path[0]) is not { } value)
            return false;
        if (path.Length > 1)
        {
            if (value is not YamlMappingNode inner || !Remove(inner, path[1..]))
                return false;
            if (inner.Children.Count > 0)
                return true;
        }
        return map.Children.Remove(new YamlScalarNode(path[0]));
    }

    private static string[][] Of(string kind) => kind == "" ? Main : Documents.GetValueOrDefault(kind, []);

    private static string? Problem(string[] keys, long line) =>
        Array.Find(Main, path => path.Zip(keys).All(pair => pair.First == pair.Second)) is { } path ? Refuse(line, path) : null;

    private static string? Problem(YamlMappingNode patch, string[] path)
    {
        YamlNode at = patch;
        foreach (var key in path)
        {
            if (at is not YamlMappingNode map)
                return Refuse(at.Start.Line, path);
            if (map.TextAt("$patch") == "delete")
                return Refuse(map.Start.Line, path);
            if (map.At(key) is not { } next)
                return null;
            at = next;
        }
        return Refuse(at.Start.Line, path);
    }

    private static string Refuse(long line, string[] path) =>
        $"line {line}: {string.Join('.', path)} is set by the coordinator and cannot be patched.";

    private static string[][] Split(params string[] paths) => [.. paths.Select(path => path.Split('.'))];
}
