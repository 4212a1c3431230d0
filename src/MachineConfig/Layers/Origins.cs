using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Layers;

/// <summary>
/// Which layer every leaf of a growing tree came from. A merge moves the nodes of a patch into the tree and leaves the others where they
/// are, so a node that was not there before is the word of the layer that just applied, also when it says the same as the one before.
/// </summary>
internal sealed class Origins
{
    private readonly Dictionary<YamlNode, ExplainedLeaf> words = new(ReferenceEqualityComparer.Instance);
    private readonly List<ExplainedLeaf> removed = [];
    private Dictionary<ConfigPlace, YamlNode> before = [];

    public Origins(IEnumerable<YamlMappingNode> tree, string layer) => Note(tree, layer);

    public EquatableArray<ExplainedLeaf> Removed => [.. removed];

    /// <summary>Takes in what the layer changed.</summary>
    public void Note(IEnumerable<YamlMappingNode> tree, string layer)
    {
        var leaves = ConfigLeaf.Of(tree).ToList();
        var now = leaves.DistinctBy(leaf => leaf.Place).ToDictionary(leaf => leaf.Place);
        // A node that moved to another place in its list was not overridden.
        var kept = leaves.Select(leaf => leaf.Node).ToHashSet(ReferenceEqualityComparer.Instance);
        foreach (var leaf in leaves.Where(leaf => !words.ContainsKey(leaf.Node)))
        {
            removed.RemoveAll(gone => gone.Place == leaf.Place);
            words.Add(leaf.Node, new(leaf.Place, new(layer, Redaction.Shown(leaf)), Overridden(leaf.Place, kept)));
        }
        foreach (var (place, node) in before.Where(b => !now.ContainsKey(b.Key) && !kept.Contains(b.Value) && !IsFilled(b, now)))
            removed.Add(new(place, new(layer, ""), [words[node].Word, .. words[node].Overridden]));
        before = now.ToDictionary(n => n.Key, n => n.Value.Node);
    }

    public EquatableArray<ExplainedLeaf> Explain(IEnumerable<YamlMappingNode> tree) =>
        [.. ConfigLeaf.Of(tree).Select(leaf => words[leaf.Node] with { Place = leaf.Place })];

    private EquatableArray<LayerWord> Overridden(ConfigPlace place, HashSet<object?> kept) =>
        before.TryGetValue(place, out var node) && !kept.Contains(node) ? [words[node].Word, .. words[node].Overridden] : [];

    // An empty map or list is a leaf until something is put into it.
    private static bool IsFilled(KeyValuePair<ConfigPlace, YamlNode> leaf, Dictionary<ConfigPlace, ConfigLeaf> now) =>
        leaf.Value is not YamlScalarNode && now.Keys.Any(place => place.Document == leaf.Key.Document
            && place.Path.StartsWith(leaf.Key.Path, StringComparison.Ordinal));
}
