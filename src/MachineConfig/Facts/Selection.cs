using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>A choice among the disks or links of a node, which come as the words in which a person would name them.</summary>
internal sealed record Selection(string What, IReadOnlyList<string> All)
{
    /// <summary>A problem unless there is exactly one match.</summary>
    public ConfigProblem? One(ConfigLeaf selector, IEnumerable<string> matches) => Judged(selector, [.. matches], several: false);

    /// <summary>A problem when there is no match.</summary>
    public ConfigProblem? Some(ConfigLeaf selector, IEnumerable<string> matches) => Judged(selector, [.. matches], several: true);

    private ConfigProblem? Judged(ConfigLeaf selector, string[] matches, bool several) => matches.Length switch
    {
        0 => selector.Problem($"{Wanted(selector)} is no {What} of this node, which has {Listed(All)}."),
        > 1 when !several =>
            selector.Problem($"{Wanted(selector)} is {matches.Length} {What}s of this node, and must be one: {Listed(matches)}."),
        _ => null,
    };

    private static string Listed(IReadOnlyCollection<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);

    private static string Wanted(ConfigLeaf selector) => selector.Node is YamlMappingNode
        ? $"{selector.Place} ({string.Join(", ", selector.Map().Select(field => $"{field.Name}: {field.Value.Text()}"))})"
        : $"{selector.Place} ({selector.Text()})";
}
