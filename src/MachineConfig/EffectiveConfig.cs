using System.Text;
using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>What a layer said about a leaf.</summary>
/// <param name="Value">As people may see it: secrets are redacted.</param>
public sealed record LayerWord(string Layer, string Value);

/// <summary>A leaf of an effective config, who gave it its value, and whom that layer overrode, the latest first.</summary>
/// <param name="Word">Of the layer that won; for a removed leaf the layer is the one that removed it, and its value is empty.</param>
public sealed record ExplainedLeaf(ConfigPlace Place, LayerWord Word, EquatableArray<LayerWord> Overridden);

/// <summary>A config after all layers.</summary>
/// <param name="Text">The config as the node gets it, with its secrets.</param>
/// <param name="Leaves">Every leaf of it, in its order.</param>
/// <param name="Removed">Leaves that lower layers had set and a higher one deleted.</param>
public sealed record EffectiveConfig(string Text, EquatableArray<ExplainedLeaf> Leaves, EquatableArray<ExplainedLeaf> Removed)
{
    /// <summary>A line for each leaf: the layer, the place with its value, and what the layer overrode. Without secrets.</summary>
    public string Explain()
    {
        var width = Leaves.Concat(Removed).Max(leaf => leaf.Word.Layer.Length);
        var text = new StringBuilder();
        foreach (var leaf in Leaves)
            Line(leaf, $"{leaf.Place} = {LeafText.OnOneLine(leaf.Word.Value)}");
        foreach (var leaf in Removed)
            Line(leaf, $"{leaf.Place} removed");
        return text.ToString();

        void Line(ExplainedLeaf leaf, string what)
        {
            text.Append(leaf.Word.Layer.PadRight(width)).Append("  ").Append(what);
            if (leaf.Overridden.Count > 0)
                text.Append("  (over ").AppendJoin(", ", leaf.Overridden.Select(o => $"{o.Layer}: {LeafText.OnOneLine(o.Value)}")).Append(')');
            text.Append('\n');
        }
    }

    /// <summary>Hides the content: a config that ends up in a log line shows nothing.</summary>
    public override string ToString() => "EffectiveConfig";
}
