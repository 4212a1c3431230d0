using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>A patch asks for something that the config does not have; the message says where.</summary>
internal sealed class PatchException(string message) : Exception(message);

/// <summary>
/// How one document is merged into another (talos.md 5.6): maps merge by key, scalars are replaced unless the new one is empty, lists
/// append, except for the ones that are replaced or merged by a key.
/// </summary>
internal static class StrategicMerge
{
    private static readonly string[] Replaced =
    [
        "cluster.network.podSubnets", "cluster.network.serviceSubnets", "cluster.apiServer.auditPolicy", "ingress", "portSelector.ports",
    ];

    private static readonly Dictionary<string, string[]> KeyedLists = new()
    {
        ["machine.network.interfaces"] = ["interface", "deviceSelector"],
        ["machine.network.interfaces.vlans"] = ["vlanId"],
        ["cluster.apiServer.admissionControl"] = ["name"],
        ["configFiles"] = ["mountPath"],
    };

    /// <exception cref="PatchException">Something is deleted that is not there.</exception>
    public static void Merge(YamlMappingNode target, YamlMappingNode patch, string path)
    {
        foreach (var (keyNode, value) in patch.Children)
        {
            var key = ((YamlScalarNode)keyNode).Value ?? "";
            var here = path == "" ? key : $"{path}.{key}";
            if (IsDeletion(value))
            {
                if (!target.Children.Remove(keyNode))
                    throw Missing(value, here);
            }
            else if (Replaced.Contains(here))
            {
                target.Children[keyNode] = value;
            }
            else
            {
                target.Children[keyNode] = Merged(target.At(key), value, here);
            }
        }
    }

    private static YamlNode Merged(YamlNode? present, YamlNode value, string path)
    {
        switch (value)
        {
            case YamlMappingNode map:
                var merged = present as YamlMappingNode ?? new YamlMappingNode();
                Merge(merged, map, path);
                return merged;
            case YamlSequenceNode added when present is YamlSequenceNode list:
                MergeList(list, added, path);
                return list;
            // A value that is its type's zero does not override, but for booleans.
            case YamlScalarNode { Value: null or "" or "0" or "null" or "~" } when present is not null:
                return present;
            default:
                return value;
        }
    }

    private static void MergeList(YamlSequenceNode target, YamlSequenceNode added, string path)
    {
        var key = KeyedLists.GetValueOrDefault(path, []);
        foreach (var item in added)
        {
            if (IsDeletion(item))
                Delete(target, (YamlMappingNode)item, path);
            else if (Matching(target, item, key) is YamlMappingNode present && item is YamlMappingNode patch)
                Merge(present, patch, path);
            else
                target.Add(item);
        }
    }

    private static YamlNode? Matching(YamlSequenceNode target, YamlNode item, string[] keys) =>
        Array.Find(keys, key => item.At(key) is not null) is { } key ? target.FirstOrDefault(t => Equals(t.At(key), item.At(key))) : null;

    // An element to delete is named by the fields that stand beside the directive.
    private static void Delete(YamlSequenceNode target, YamlMappingNode item, string path)
    {
        var fields = item.Children.Where(c => c.Key is not YamlScalarNode { Value: "$patch" }).ToList();
        var found = target.Where(t => t is YamlMappingNode map && fields.TrueForAll(f => map.Children.TryGetValue(f.Key, out var v) && v.Equals(f.Value)));
        foreach (var element in found.ToList() is { Count: > 0 } elements ? elements : throw Missing(item, path))
            target.Children.Remove(element);
    }

    private static bool IsDeletion(YamlNode value) => value is YamlMappingNode && value.TextAt("$patch") == "delete";

    private static PatchException Missing(YamlNode at, string path) => new($"line {at.Start.Line}: {path} is not there, so it cannot be deleted.");
}
