using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Strategic-merge patches as <c>talosctl</c> applies them (talos.md 5.6): maps merge, scalars are replaced, lists append but
/// for the ones that are replaced or merged by a key; <c>$patch: delete</c> takes a map away.
/// </summary>
public static class ConfigPatch
{
    // Secrets and identities belong to the coordinator: a patch that writes them would break the cluster's trust.
    private static readonly string[] Reserved =
    [
        "machine.type", "machine.token", "machine.ca", "cluster.id", "cluster.secret", "cluster.token", "cluster.ca",
        "cluster.aggregatorCA", "cluster.serviceAccount", "cluster.etcd.ca", "cluster.secretboxEncryptionSecret",
        "cluster.controlPlane.endpoint", "machine.install.image",
    ];

    private static readonly string[] ReplacedLists =
        ["cluster.network.podSubnets", "cluster.network.serviceSubnets", "ingress", "portSelector.ports"];

    private static readonly Dictionary<string, string[]> KeyedLists = new()
    {
        ["machine.network.interfaces"] = ["interface", "deviceSelector"],
        ["machine.network.interfaces.vlans"] = ["vlanId"],
        ["cluster.apiServer.admissionControl"] = ["name"],
        ["configFiles"] = ["mountPath"],
    };

    /// <summary>Applies one patch to a config.</summary>
    /// <returns>Null and a refusal when the patch is not YAML, not a map, or writes what is reserved.</returns>
    public static string? Apply(string config, string patch, out string refusal)
    {
        refusal = Problem(patch) ?? "";
        if (refusal != "")
            return null;

        var documents = Yaml.Read(config).ConvertAll(d => (YamlMappingNode)d.RootNode);
        foreach (var part in Yaml.Read(patch).Select(d => (YamlMappingNode)d.RootNode))
        {
            var index = documents.FindIndex(d => Identity(d) == Identity(part));
            if (index < 0)
                documents.Add(part);
            else if (part.TextAt("$patch") == "delete")
                documents.RemoveAt(index);
            else
                Merge(documents[index], part, "");
        }
        return Yaml.Write(documents);
    }

    /// <summary>What is wrong with a patch, with its line; null when nothing is.</summary>
    public static string? Problem(string patch)
    {
        try
        {
            foreach (var root in Yaml.Read(patch).Select(d => d.RootNode))
            {
                if (root is not YamlMappingNode map)
                    return $"line {root.Start.Line}: a patch is a map, such as 'machine: …'.";
                if (Reserved.FirstOrDefault(path => At(map, path) is not null) is { } path)
                    return $"line {At(map, path)!.Start.Line}: {path} is set by the coordinator and cannot be patched.";
            }
            return null;
        }
        catch (YamlException exception)
        {
            return $"line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}";
        }
    }

    private static YamlNode? At(YamlNode root, string path) =>
        path.Split('.').Aggregate((YamlNode?)root, (node, key) => node?.At(key));

    private static (string?, string?, string?) Identity(YamlNode document) =>
        (document.TextAt("apiVersion"), document.TextAt("kind"), document.TextAt("name"));

    private static void Merge(YamlMappingNode target, YamlMappingNode patch, string path)
    {
        foreach (var (keyNode, value) in patch.Children)
        {
            var key = ((YamlScalarNode)keyNode).Value ?? "";
            var here = path == "" ? key : $"{path}.{key}";
            if (value.TextAt("$patch") == "delete")
                target.Children.Remove(keyNode);
            else if (target.At(key) is YamlMappingNode existing && value is YamlMappingNode map)
                Merge(existing, map, here);
            else if (target.At(key) is YamlSequenceNode list && value is YamlSequenceNode added && !ReplacedLists.Contains(here))
                MergeList(list, added, here);
            else
                target.Children[keyNode] = value;
        }
    }

    private static void MergeList(YamlSequenceNode target, YamlSequenceNode added, string path)
    {
        var keys = KeyedLists.GetValueOrDefault(path, []);
        foreach (var item in added)
        {
            var existing = keys
                .Where(key => item.At(key) is not null)
                .Take(1)
                .SelectMany(key => target.Where(t => t.At(key) is { } value && value.Equals(item.At(key))))
                .FirstOrDefault();
            if (existing is YamlMappingNode map && item is YamlMappingNode patch)
                Merge(map, patch, path);
            else
                target.Add(item);
        }
    }
}
