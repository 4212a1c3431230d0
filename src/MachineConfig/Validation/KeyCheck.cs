using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What strict decoding refuses: kinds and keys that a release does not know, and types; and what is missing.</summary>
/// <param name="isPatch">It is put over a config: what is missing may be there, and <c>$patch</c> says what to do.</param>
internal sealed class KeyCheck(SemanticVersion talos, bool isPatch = false)
{
    private static readonly string[] MainWords = ["apiVersion", "machine", "cluster", "debug", "persist"];

    private readonly int minor = talos.Major > 1 ? KeyTable.Newest : Math.Min(talos.Minor, KeyTable.Newest);

    public IEnumerable<ConfigProblem> Problems(IReadOnlyCollection<ConfigLeaf> roots)
    {
        var twice = roots.GroupBy(root => root.Place.Document).SelectMany(group => group.Skip(1));
        return roots.SelectMany(Document).Concat(twice.Select(root => Problem(root, root.Kind == ""
            ? "There is a second v1alpha1 document, and a config has one."
            : $"{root.Place.Document} is there twice; a document is one of its kind and name.")));
    }

    private IEnumerable<ConfigProblem> Document(ConfigLeaf root)
    {
        if (root.Kind == "")
            return Array.Exists(MainWords, word => root.Node.At(word) is not null)
                ? Fields(root, KeyTable.Kinds[KeyTable.Main])
                : [Problem(root, "A document has a kind, or it is the v1alpha1 document with machine and cluster; this is neither.")];
        if (root.Node.TextAt("apiVersion") is not "v1alpha1" and var version)
            return [Problem(root, $"{root.Kind} has the apiVersion v1alpha1, not {(string.IsNullOrEmpty(version) ? "none" : version)}.")];
        if (!KeyTable.Kinds.TryGetValue(root.Kind, out var kind) || root.Kind == KeyTable.Main)
            return [Problem(root, $"{root.Kind} is no kind that Talos {talos} knows{Meant(root.Kind, KeyTable.Kinds.Values)}.")];
        return kind.IsKnownTo(minor) ? Fields(root, kind) : [Problem(root, $"{root.Kind} {Elsewhen(kind)}.")];
    }

    private IEnumerable<ConfigProblem> Fields(ConfigLeaf map, KeyNode known)
    {
        foreach (var (keyNode, value) in ((YamlMappingNode)map.Node).Children)
        {
            var at = map.At(keyNode, value);
            if ((map.Kind != "" && map.Keys.IsEmpty && at.Keys[^1] is "apiVersion" or "kind") || (isPatch && at.Keys[^1] == "$patch"))
                continue;
            foreach (var problem in known.Children.TryGetValue(at.Keys[^1], out var key) && key.IsKnownTo(minor)
                ? Value(at, key.Type, key)
                : [new(at.Line, at.Place, Unknown(at, key, known))])
                yield return problem;
        }
        foreach (var missing in known.Children.Values.Where(k => !isPatch && k.Required && k.IsKnownTo(minor) && map.Node.At(k.Name) is null))
            yield return Problem(map, $"{map.Place} has no {missing.Name}, and needs one.");
    }

    private string Unknown(ConfigLeaf at, KeyNode? key, KeyNode parent) => key is null
        ? $"{at.Place} is no key that Talos {talos} knows{Meant(at.Keys[^1], parent.Children.Values)}."
        : $"{at.Place} {Elsewhen(key)}.";

    // Every field may be null: that is as if it were not there.
    private IEnumerable<ConfigProblem> Value(ConfigLeaf at, string type, KeyNode key) => (type[0], at.Node) switch
    {
        _ when type == "any" || at.Node.IsNull() => [],
        ('[', YamlSequenceNode) => at.Elements().SelectMany(element => Value(element, type[1..^1], key)),
        ('[', _) => [Problem(at, $"{at.Place} is a list.")],
        ('<', YamlMappingNode map) => map.Children.SelectMany(c => Value(at.At(c.Key, c.Value), type[1..^1], key)),
        ('<', _) => [Problem(at, $"{at.Place} is a map.")],
        _ when type == "struct" => at.Node is YamlMappingNode ? Fields(at, key) : [Problem(at, $"{at.Place} is a map.")],
        (_, YamlScalarNode scalar) => ScalarTypes.Problem(scalar, type) is { } problem
            ? [Problem(at, $"{at.Place} is {problem}, not {Redaction.Shown(at)}.")] : [],
        _ => [Problem(at, $"{at.Place} is a single value.")],
    };

    private string Meant(string word, IEnumerable<KeyNode> nodes) =>
        Nearest.Hint(word, nodes.Where(n => n.IsKnownTo(minor)).Select(n => n.Name));

    private string Elsewhen(KeyNode node) => minor < node.Since
        ? $"is known from Talos 1.{node.Since} on, and this is {talos}"
        : $"was known until Talos 1.{node.Until}, and this is {talos}";

    private static ConfigProblem Problem(ConfigLeaf at, string sentence) => new(at.Line, at.Place, sentence);
}
