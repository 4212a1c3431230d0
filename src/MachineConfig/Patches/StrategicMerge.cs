using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>
/// How one document is merged into another (talos.md 5.6): maps merge by key, scalars are replaced unless the new one is empty, lists
/// append, except where <see cref="MergeRules"/> say otherwise.
/// </summary>
internal static class StrategicMerge
{
    /// <param name="kind">Of both documents; empty for the v1alpha1 document.</param>
    /// <exception cref="PatchException">Something is deleted that is not there, or that cannot be named.</exception>
    public static void Merge(YamlMappingNode target, YamlMappingNode patch, string kind) =>
        MergeMap(target, patch, kind == "" ? "" : kind + ":", insideList: false);

    private static void MergeMap(YamlMappingNode target, YamlMappingNode patch, string path, bool insideList)
    {
        foreach (var (keyNode, value) in patch.Children)
        {
            var key = ((YamlScalarNode)keyNode).Value ?? "";
            var here = path is "" || path[^1] == ':' ? path + key : $"{path}.{key}";
            if (Deletion.Is(value))
                Delete(target, keyNode, new(value, here), insideList);
            else if (Merged(target.At(key), new(value, here), insideList) is { } merged)
                target.Children[keyNode] = merged;
        }
    }

    private static void Delete(YamlMappingNode target, YamlNode key, YamlPlace place, bool insideList)
    {
        // Talos names the way to what is deleted by keys alone; an element has none.
        if (insideList)
            throw new PatchException($"line {place.Line}: {place.Path} is inside of a list, where only whole elements can be deleted.");
        if (!target.Children.Remove(key))
            throw Deletion.Missing(place);
    }

    // Null: nothing is set.
    private static YamlNode? Merged(YamlNode? present, YamlPlace patch, bool insideList)
    {
        if (patch.Node.IsNull())
            return present ?? patch.Node;
        if (MergeRules.Replaces(patch.Path))
            return patch.Node;
        switch (patch.Node)
        {
            case YamlMappingNode map:
                var merged = present as YamlMappingNode ?? new YamlMappingNode { Style = map.Style };
                MergeMap(merged, map, patch.Path, insideList);
                return merged;
            case YamlSequenceNode added:
                var list = present as YamlSequenceNode ?? new YamlSequenceNode { Style = added.Style };
                MergeList(list, added, patch.Path);
                return list;
            // A value that is its type's zero does not override, but for booleans.
            case YamlScalarNode { Value: null or "" or "0" } when present is not null:
                return present;
            default:
                return patch.Node;
        }
    }

    private static void MergeList(YamlSequenceNode target, YamlSequenceNode added, string path)
    {
        var keys = MergeRules.KeysOf(path);
        foreach (var item in added)
        {
            if (Deletion.Is(item))
                Deletion.FromList(target, new(item, path));
            else if (item is not YamlMappingNode patch)
                target.Add(item);
            else if (Matching(target, item, keys) is not YamlMappingNode present)
                target.Add(Merged(null, new(item, path), insideList: true) ?? item);
            else if (MergeRules.ReplacesElements(path))
                target.Children[target.Children.IndexOf(present)] = item;
            else
                MergeMap(present, patch, path, insideList: true);
        }
    }

    private static YamlNode? Matching(YamlSequenceNode target, YamlNode item, string[] keys) =>
        Array.Find(keys, key => item.At(key) is not null) is { } key ? target.FirstOrDefault(t => Equals(t.At(key), item.At(key))) : null;
}
