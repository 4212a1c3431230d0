using System.Collections.Immutable;
using Cozy.Fleet.MachineConfig.Patches;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Documents;

/// <summary>A value of a config: a scalar, or a map or list without content.</summary>
/// <param name="Kind">Of its document; empty for the v1alpha1 document.</param>
/// <param name="Keys">The way to it, without the elements of lists on it.</param>
internal sealed record ConfigLeaf(ConfigPlace Place, string Kind, ImmutableArray<string> Keys, YamlNode Node)
{
    /// <summary>All leaves of all documents, in the order of the text.</summary>
    public static IEnumerable<ConfigLeaf> Of(IEnumerable<YamlMappingNode> documents) => documents.SelectMany(d => Root(d).Below());

    /// <summary>A document as the start of the way to its leaves.</summary>
    public static ConfigLeaf Root(YamlMappingNode document) => new(new(Name(document), ""), document.TextAt("kind") ?? "", [], document);

    /// <summary>The path as rules name it: that of the v1alpha1 document, or the kind, a colon and the path in the document.</summary>
    public string Rule => Kind == "" ? string.Join('.', Keys) : $"{Kind}:{string.Join('.', Keys)}";

    public ConfigLeaf At(YamlNode key, YamlNode value)
    {
        var text = ((YamlScalarNode)key).Value ?? "";
        var path = text.AsSpan().IndexOfAny(".[]\" ") >= 0 ? $"{Place.Path}[\"{text}\"]" : Place.Path == "" ? text : $"{Place.Path}.{text}";
        return new(Place with { Path = path }, Kind, Keys.Add(text), value);
    }

    public ConfigLeaf At(int index, YamlNode element) =>
        new(Place with { Path = $"{Place.Path}[{KeyOf(element) ?? $"{index}"}]" }, Kind, Keys, element);

    /// <summary>The value of the field by which Talos merges elements of this list; null where it merges by none.</summary>
    public string? KeyOf(YamlNode element) => MergeRules.KeysOf(Rule).Select(key => element.TextAt(key)).FirstOrDefault(key => key is not null);

    public IEnumerable<ConfigLeaf> Below() => Node switch
    {
        YamlMappingNode { Children.Count: > 0 } map => map.Children.SelectMany(c => At(c.Key, c.Value).Below()),
        YamlSequenceNode { Children.Count: > 0 } list => list.Children.SelectMany((element, i) => At(i, element).Below()),
        _ => [this],
    };

    private static string Name(YamlMappingNode document)
    {
        if (document.At("kind") is null)
            return "";
        var version = document.TextAt("apiVersion");
        return string.Join(' ', new[] { version == "v1alpha1" ? null : version, document.TextAt("kind"), document.TextAt("name") }
            .Where(word => !string.IsNullOrEmpty(word)));
    }
}
