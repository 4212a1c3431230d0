using Cozy.Fleet.MachineConfig.Documents;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Diff;

/// <summary>Compares trees: maps by key, lists by the key by which Talos merges them, else by their longest equal ends.</summary>
internal static class Comparison
{
    public static IEnumerable<ConfigChange> Of(IEnumerable<YamlMappingNode> before, IEnumerable<YamlMappingNode> after) =>
        Pairs([.. before.Select(ConfigLeaf.Root)], [.. after.Select(ConfigLeaf.Root)], root => root.Place.Document)
            .SelectMany(pair => Between(pair.Before, pair.After));

    private static IEnumerable<ConfigChange> Between(ConfigLeaf? before, ConfigLeaf? after) => (before?.Node, after?.Node) switch
    {
        (YamlMappingNode, YamlMappingNode) => Pairs(Fields(before!), Fields(after!), leaf => leaf.Keys[^1]).SelectMany(Recurse),
        (YamlSequenceNode, YamlSequenceNode) => Lists(before!.Elements(), after!.Elements()).SelectMany(Recurse),
        (YamlScalarNode, YamlScalarNode) => LeafText.Of(before!.Node) == LeafText.Of(after!.Node) ? [] : [Change(before, after)],
        _ => (before?.Below() ?? []).Select(leaf => Change(leaf, null)).Concat((after?.Below() ?? []).Select(leaf => Change(null, leaf))),
    };

    private static IEnumerable<ConfigChange> Recurse((ConfigLeaf? Before, ConfigLeaf? After) pair) => Between(pair.Before, pair.After);

    private static ConfigLeaf[] Fields(ConfigLeaf map) => [.. ((YamlMappingNode)map.Node).Children.Select(c => map.At(c.Key, c.Value))];

    private static IEnumerable<(ConfigLeaf? Before, ConfigLeaf? After)> Lists(ConfigLeaf[] before, ConfigLeaf[] after)
    {
        if (before.Concat(after).Any(element => !int.TryParse(Name(element), out _)))
            return Pairs(before, after, Name);
        var equal = before.Zip(after).TakeWhile(pair => pair.First.Node.Equals(pair.Second.Node)).Count();
        var (restBefore, restAfter) = (before[equal..], after[equal..]);
        var tail = restBefore.Reverse().Zip(restAfter.Reverse()).TakeWhile(pair => pair.First.Node.Equals(pair.Second.Node)).Count();
        return ByPosition(restBefore[..^tail], restAfter[..^tail]);
    }

    private static IEnumerable<(ConfigLeaf?, ConfigLeaf?)> ByPosition(ConfigLeaf[] before, ConfigLeaf[] after) =>
        Enumerable.Range(0, Math.Max(before.Length, after.Length)).Select(i => (before.ElementAtOrDefault(i), after.ElementAtOrDefault(i)));

    private static string Name(ConfigLeaf element) => element.Place.Path[(element.Place.Path.LastIndexOf('[') + 1)..^1];

    // The order of the first, then what only the second has. A config may hold a name twice, although no node takes it.
    private static IEnumerable<(ConfigLeaf? Before, ConfigLeaf? After)> Pairs(
        ConfigLeaf[] before, ConfigLeaf[] after, Func<ConfigLeaf, string> name)
    {
        var left = after.ToLookup(name).ToDictionary(group => group.Key, group => new Queue<ConfigLeaf>(group));
        foreach (var leaf in before)
            yield return (leaf, left.TryGetValue(name(leaf), out var same) && same.TryDequeue(out var other) ? other : null);
        foreach (var leaf in after.Where(leaf => left[name(leaf)].Contains(leaf)))
            yield return (null, leaf);
    }

    private static ConfigChange Change(ConfigLeaf? before, ConfigLeaf? after) =>
        new((after ?? before)!.Place, before is null ? null : Redaction.Shown(before), after is null ? null : Redaction.Shown(after))
        {
            Rule = (after ?? before)!.Rule,
        };
}
