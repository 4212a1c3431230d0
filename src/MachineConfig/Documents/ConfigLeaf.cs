using System.Collections.Immutable;
using System.Globalization;
using Cozy.Fleet.MachineConfig.Patches;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Documents;

/// <summary>A value of a config: a scalar, or a map or list without content.</summary>
/// <param name="Kind">Of its document; empty for the v1alpha1 document.</param>
/// <param name="Keys">The way to it, without the elements of lists on it.</param>
internal sealed record ConfigLeaf(ConfigPlace Place, string Kind, ImmutableArray<string> Keys, YamlNode Node)
{
    /// <summary>Of its key, or of itself where it has none.</summary>
    public long Line { get; private init; } = Node.Start.Line;

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
        return new(Place with { Path = path }, Kind, Keys.Add(text), value) { Line = key.Start.Line };
    }

    /// <summary>The elements of this list: by the field by which Talos merges them where that tells them apart, else by number.</summary>
    public ConfigLeaf[] Elements()
    {
        var list = (YamlSequenceNode)Node;
        var names = list.Select(element => KeyOf(element)).ToList();
        return [.. list.Select((element, i) =>
            Element(names[i] is { } name && names.Count(n => n == name) == 1 ? name : i.ToString(CultureInfo.InvariantCulture), element))];
    }

    public IEnumerable<ConfigLeaf> Below() => Node switch
    {
        YamlMappingNode { Children.Count: > 0 } map => map.Children.SelectMany(c => At(c.Key, c.Value).Below()),
        YamlSequenceNode { Children.Count: > 0 } => Elements().SelectMany(element => element.Below()),
        _ => [this],
    };

    private ConfigLeaf Element(string name, YamlNode element) => new(Place with { Path = $"{Place.Path}[{name}]" }, Kind, Keys, element);

    private string? KeyOf(YamlNode element) =>
        MergeRules.KeysOf(Rule).Select(key => element.TextAt(key)).FirstOrDefault(key => key is not null);

    private static string Name(YamlMappingNode document)
    {
        if (document.At("kind") is null)
            return "";
        var version = document.TextAt("apiVersion");
        return string.Join(' ', new[] { version == "v1alpha1" ? null : version, document.TextAt("kind"), document.TextAt("name") }
            .Where(word => !string.IsNullOrEmpty(word)));
    }
}
