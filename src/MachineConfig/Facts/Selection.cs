using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>Whether a disk or link is the one that is meant.</summary>
internal enum Match
{
    No,

    /// <summary>The node did not say what it depends on.</summary>
    Unknown,

    Yes,
}

/// <summary>A choice among the disks or links of a node, which come as the words in which a person would name them.</summary>
/// <param name="SparesUnknown">What is not known is no problem; else it counts as no match.</param>
internal sealed record Selection(string What, IReadOnlyList<string> All, bool SparesUnknown)
{
    /// <summary>A problem unless there is exactly one match.</summary>
    public ConfigProblem? One(ConfigLeaf selector, IEnumerable<(string Name, Match Match)> candidates) =>
        Judged(selector, [.. candidates], several: false);

    /// <summary>A problem when there is no match.</summary>
    public ConfigProblem? Some(ConfigLeaf selector, IEnumerable<(string Name, Match Match)> candidates) =>
        Judged(selector, [.. candidates], several: true);

    /// <summary>All fields of a selector together.</summary>
    public static Match Of(ConfigLeaf selector, Func<string, string, Match> field) => selector.Map()
        .Select(entry => entry.Value.Text() is { Length: > 0 } wanted ? field(entry.Name, wanted) : Match.Yes).DefaultIfEmpty(Match.Yes).Min();

    /// <summary>A pattern against a text that is empty where the node did not say it.</summary>
    public static Match Fits(string pattern, string text) => text == "" ? Match.Unknown : Is(Glob.Matches(pattern, text));

    public static Match Is(bool fits) => fits ? Match.Yes : Match.No;

    private ConfigProblem? Judged(ConfigLeaf selector, (string Name, Match Match)[] candidates, bool several)
    {
        string[] matches = [.. candidates.Where(one => one.Match == Match.Yes).Select(one => one.Name)];
        if (matches.Length > 1 && !several)
            return selector.Problem($"{Wanted(selector)} is {matches.Length} {What}s of this node, and must be one: {Listed(matches)}.");
        return matches.Length > 0 || (SparesUnknown && Array.Exists(candidates, one => one.Match == Match.Unknown)) ? null
            : selector.Problem($"{Wanted(selector)} is no {What} of this node, which has {Listed(All)}.");
    }

    private static string Listed(IReadOnlyCollection<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);

    private static string Wanted(ConfigLeaf selector) => selector.Node is YamlMappingNode
        ? $"{selector.Place} ({string.Join(", ", selector.Map().Select(field => $"{field.Name}: {field.Value.Text()}"))})"
        : $"{selector.Place} ({selector.Text()})";
}
