using System.Text;
using Cozy.Fleet.MachineConfig.Diff;
using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>One leaf that differs.</summary>
/// <param name="Before">The value as people may see it: secrets are redacted. Null when there was none.</param>
/// <param name="After">Null when there is none any more.</param>
public sealed record ConfigChange(ConfigPlace Place, string? Before, string? After)
{
    /// <summary>The path as rules name it: without elements of lists, with the document's kind in front.</summary>
    internal string Rule { get; init; } = "";
}

/// <summary>
/// What is different between two configs, by content: order of keys and documents, comments and styles are no difference. The changes stand
/// in the order of the first config, with what is new behind.
/// </summary>
public sealed record ConfigDiff(EquatableArray<ConfigChange> Changes)
{
    /// <summary>Compares two configs.</summary>
    /// <returns>Null and a refusal when one of them is not YAML or is empty.</returns>
    public static ConfigDiff? Between(string before, string after, out string refusal)
    {
        refusal = "";
        try
        {
            var changes = Comparison.Of(Documents(before, "config before"), Documents(after, "config after"));
            return new([.. changes]);
        }
        catch (FormatException exception)
        {
            refusal = exception.Message;
            return null;
        }
    }

    /// <summary>What applying the change to a node of this Talos version needs.</summary>
    public ConfigVerdict Verdict(SemanticVersion talos) => ChangeRules.Judge(Changes, talos);

    /// <summary>A line for each change, with <c>+</c>, <c>-</c> or <c>~</c> in front; empty when there is none. Without secrets.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var change in Changes)
            text.Append(Line(change)).Append('\n');
        return text.ToString();
    }

    private static string Line(ConfigChange change) => (change.Before, change.After) switch
    {
        (null, { } after) => $"+ {change.Place}: {LeafText.OnOneLine(after)}",
        ({ } before, null) => $"- {change.Place}: {LeafText.OnOneLine(before)}",
        _ when change.Before == change.After => $"~ {change.Place}: {change.After} (it differs, and is secret)",
        _ when (change.Before + change.After).Contains('\n', StringComparison.Ordinal) =>
            $"~ {change.Place}:{Lines("- ", change.Before!, change.After!)}{Lines("+ ", change.After!, change.Before!)}",
        _ => $"~ {change.Place}: {change.Before} -> {change.After}",
    };

    // Of a longer text, the lines that the other one does not have.
    private static string Lines(string sign, string these, string others) =>
        string.Concat(these.Split('\n').Except(others.Split('\n')).Select(line => $"\n    {sign}{line}"));

    private static IEnumerable<YamlMappingNode> Documents(string config, string what) =>
        YamlPlace.Documents(config, what).Select(d => (YamlMappingNode)d.Node);
}
