using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Strategic-merge patches as <c>talosctl</c> applies them (talos.md 5.6): documents match by apiVersion, kind and name;
/// <c>$patch: delete</c> takes a map, an element of a list or a whole document away.
/// </summary>
public static class ConfigPatch
{
    /// <summary>Applies one patch to a config.</summary>
    /// <returns>
    /// Null and a refusal when the patch is not YAML, not a map, writes what is reserved, or deletes what is not there.
    /// </returns>
    public static string? Apply(string config, string patch, out string refusal)
    {
        refusal = Problem(patch) ?? "";
        if (refusal != "")
            return null;

        var documents = Yaml.Read(config).ConvertAll(d => (YamlMappingNode)d.RootNode);
        try
        {
            foreach (var part in Yaml.Read(patch).Select(d => (YamlMappingNode)d.RootNode))
                Apply(documents, part);
        }
        catch (PatchException exception)
        {
            refusal = exception.Message;
            return null;
        }
        return Yaml.Write(documents);
    }

    /// <summary>What is wrong with a patch, with its line; null when nothing is.</summary>
    public static string? Problem(string patch)
    {
        try
        {
            return Yaml.Read(patch).Select(d => Problem(d.RootNode)).FirstOrDefault(problem => problem is not null);
        }
        catch (YamlException exception)
        {
            return $"line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}";
        }
    }

    private static string? Problem(YamlNode root)
    {
        if (root is not YamlMappingNode map)
            return $"line {root.Start.Line}: a patch is a map, such as 'machine: …'.";
        if (root.AllNodes.OfType<YamlMappingNode>().SelectMany(m => m.Children.Keys).FirstOrDefault(k => k is not YamlScalarNode) is { } key)
            return $"line {key.Start.Line}: a key is a word, not a list or a map.";
        return map.At("kind") is null ? ReservedPaths.Problem(map) : null;
    }

    private static void Apply(List<YamlMappingNode> documents, YamlMappingNode part)
    {
        var index = documents.FindIndex(d => Identity(d) == Identity(part));
        if (part.TextAt("$patch") == "delete")
        {
            // Deleting a document that is not there is no error, unlike a path inside of one.
            if (index >= 0)
                documents.RemoveAt(index);
        }
        else if (index < 0)
        {
            documents.Add(part);
        }
        else
        {
            StrategicMerge.Merge(documents[index], part, "");
        }
    }

    // The v1alpha1 document has no apiVersion and no kind; a patch may repeat its version.
    private static (string?, string?, string?) Identity(YamlMappingNode document) => document.At("kind") is null
        ? default
        : (document.TextAt("apiVersion"), document.TextAt("kind"), document.TextAt("name"));
}
