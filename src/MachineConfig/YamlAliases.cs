using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Gives every place of a tree a node of its own. An alias is the same node at a second place, so that a change here would be one there,
/// too. Keys are words, as Talos knows no others.
/// </summary>
internal sealed class YamlAliases
{
    // Ten times what the largest real configs need; a text of a few lines can stand for billions of nodes otherwise.
    private const int MaxDepth = 100;
    private const int MaxNodes = 200_000;

    private readonly HashSet<YamlNode> seen = new(ReferenceEqualityComparer.Instance);
    private int count;

    /// <exception cref="YamlException">A key is no word, or the tree is too deep or too large.</exception>
    public static void Resolve(YamlNode root) => new YamlAliases().Visit(root, 0);

    private void Visit(YamlNode node, int depth)
    {
        if (depth > MaxDepth || ++count > MaxNodes)
            throw new YamlException(node.Start, node.End, $"it has more than {MaxDepth} levels or {MaxNodes} values, aliases written out.");
        node.Anchor = AnchorName.Empty;
        if (node is YamlMappingNode map)
        {
            TakeOver(map);
            foreach (var (key, value) in map.Children.ToList())
            {
                if (key is not YamlScalarNode)
                    throw new YamlException(key.Start, key.End, "a key is a word, not a list or a map.");
                key.Anchor = AnchorName.Empty;
                Visit(map.Children[key] = Own(value), depth + 1);
            }
        }
        else if (node is YamlSequenceNode list)
        {
            for (var i = 0; i < list.Children.Count; i++)
                Visit(list.Children[i] = Own(list.Children[i]), depth + 1);
        }
    }

    // The merge key of YAML 1.1: what the map itself says wins over what it takes over, and the first source over later ones.
    private static void TakeOver(YamlMappingNode map)
    {
        var (key, from) = map.Children.FirstOrDefault(c => c.Key is YamlScalarNode { Value: "<<", Style: ScalarStyle.Plain });
        if (key is null)
            return;
        map.Children.Remove(key);
        foreach (var source in from is YamlSequenceNode list ? list.Children : [from])
        {
            if (source is not YamlMappingNode taken)
                throw new YamlException(key.Start, key.End, "the merge key << takes over maps only.");
            foreach (var (name, value) in taken.Children)
                map.Children.TryAdd(name, value);
        }
    }

    // One level is copied; the visit of the copy does the next.
    private YamlNode Own(YamlNode node) => seen.Add(node) ? node : node switch
    {
        YamlMappingNode map => new YamlMappingNode(map.Children) { Style = map.Style, Tag = map.Tag },
        YamlSequenceNode list => new YamlSequenceNode(list.Children) { Style = list.Style, Tag = list.Tag },
        _ => Yaml.Clone(node),
    };
}
