using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Checks a config before it is sent (talos.md 5.1, 5.2, 5.8). A node decodes strictly and refuses whole configs; this says all of it at
/// once, with lines, and names the key that was meant. It passes what only the node can know, such as whether a disk exists.
/// </summary>
public static class ConfigValidation
{
    /// <summary>
    /// Everything that a node of this release would refuse, in the order of the text; empty when there is nothing. Releases that are newer
    /// than the tables are judged by the newest that they know.
    /// </summary>
    public static EquatableArray<ConfigProblem> Problems(string config, SemanticVersion talos)
    {
        List<YamlNode> documents;
        try
        {
            documents = Yaml.Read(config);
        }
        catch (YamlException exception)
        {
            return [new(exception.Start.Line, default, $"The machine config is not YAML: {exception.Message}")];
        }
        if (documents.Count == 0)
            return [new(1, default, "The machine config is empty.")];
        if (documents.Find(d => d is not YamlMappingNode) is { } stranger)
            return [new(stranger.Start.Line, default, "A document is a map, such as 'machine: …'.")];
        var roots = documents.Select(d => ConfigLeaf.Root((YamlMappingNode)d)).ToList();
        var keys = new KeyCheck(talos).Problems(roots).ToList();
        return [.. keys.Concat(new RefusalCheck(roots, talos).Problems()).OrderBy(problem => problem.Line)];
    }
}
