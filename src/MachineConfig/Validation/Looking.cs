using System.Globalization;
using Cozy.Fleet.MachineConfig.Documents;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>Looking around in a document.</summary>
internal static class Looking
{
    /// <summary>What stands there; null when nothing does, or null.</summary>
    public static ConfigLeaf? Find(this ConfigLeaf leaf, params string[] path)
    {
        var at = leaf;
        foreach (var key in path)
        {
            var entry = at.Node is YamlMappingNode map
                ? map.Children.FirstOrDefault(c => c.Key is YamlScalarNode name && name.Value == key) : default;
            if (entry.Key is null || entry.Value.IsNull())
                return null;
            at = at.At(entry.Key, entry.Value);
        }
        return at;
    }

    /// <summary>The text there; empty when there is none.</summary>
    public static string Text(this ConfigLeaf leaf, params string[] path) => (leaf.Find(path)?.Node as YamlScalarNode)?.Value ?? "";

    public static bool IsTrue(this ConfigLeaf leaf, params string[] path) =>
        leaf.Text(path).ToLowerInvariant() is "true" or "yes" or "on" or "y";

    /// <summary>The decimal number there; 0 when there is none.</summary>
    public static long Number(this ConfigLeaf leaf, params string[] path) =>
        long.TryParse(leaf.Text(path), CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The elements of the list there; none when there is no list.</summary>
    public static ConfigLeaf[] List(this ConfigLeaf leaf, params string[] path) =>
        leaf.Find(path) is { Node: YamlSequenceNode } list ? list.Elements() : [];

    /// <summary>The entries of the map there, by name.</summary>
    public static IEnumerable<(string Name, ConfigLeaf Value)> Map(this ConfigLeaf leaf, params string[] path) =>
        leaf.Find(path) is { Node: YamlMappingNode map } at
            ? map.Children.Select(c => at.At(c.Key, c.Value)).Select(entry => (entry.Keys[^1], entry))
            : [];

    public static ConfigProblem Problem(this ConfigLeaf at, string sentence) => new(at.Line, at.Place, sentence);

    /// <summary>That something is missing here, and what it is for.</summary>
    public static ConfigProblem Missing(this ConfigLeaf at, string key, string why) =>
        at.Problem($"{(at.Place.Path == "" ? key : $"{at.Place}.{key}")} is missing: {why}.");
}
