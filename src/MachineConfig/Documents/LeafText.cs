using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Documents;

/// <summary>Values as people read them.</summary>
public static class LeafText
{
    /// <summary>The value; a text that YAML reads as something else stands in quotes: <c>"1"</c> is told from <c>1</c>.</summary>
    public static string Of(YamlNode node) => node switch
    {
        YamlMappingNode => "{}",
        YamlSequenceNode => "[]",
        YamlScalarNode when node.IsNull() => "null",
        YamlScalarNode { Value: { } value, Style: ScalarStyle.Plain or ScalarStyle.Any } => value,
        YamlScalarNode { Value: { } value } => YamlScalars.ReadsAsText(value) ? value : $"\"{value}\"",
        _ => node.ToString(),
    };

    /// <summary>A value on one line: of a longer text, how many lines it has.</summary>
    public static string OnOneLine(string value) =>
        value.TrimEnd('\n').Count(c => c == '\n') is > 0 and var breaks ? $"({breaks + 1} lines)" : value.TrimEnd('\n');
}
