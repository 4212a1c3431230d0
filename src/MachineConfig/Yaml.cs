using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>Small words for building, reading and writing YAML trees, whose nodes know their line and column.</summary>
internal static class Yaml
{
    public static YamlMappingNode Map(params (string Key, YamlNode? Value)[] entries)
    {
        var map = new YamlMappingNode();
        foreach (var (key, value) in entries)
        {
            if (value is not null)
                map.Add(key, value);
        }
        return map;
    }

    public static YamlSequenceNode List(IEnumerable<YamlNode> items) => new(items);

    public static YamlSequenceNode List(IEnumerable<string> items) => new(items.Select(Text));

    /// <summary>A list, or null when it is empty: what Talos leaves out.</summary>
    public static YamlSequenceNode? ListOrNone(IReadOnlyCollection<string> items) => items.Count == 0 ? null : List(items);

    /// <summary>A string; quoted where plain YAML would read it as something else.</summary>
    public static YamlNode Text(string value) => new YamlScalarNode(value)
    {
        Style = value.Contains('\n', StringComparison.Ordinal) ? ScalarStyle.Literal
            : YamlScalars.ReadsAsText(value) ? ScalarStyle.Any : ScalarStyle.DoubleQuoted,
    };

    /// <summary>A string, or null when it is empty: what Talos leaves out.</summary>
    public static YamlNode? TextOrNone(string value) => value == "" ? null : Text(value);

    public static YamlNode Bool(bool value) => new YamlScalarNode(value ? "true" : "false");

    public static YamlNode Number(long value) => new YamlScalarNode(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>PEM as Talos carries it: base64 of the text.</summary>
    public static YamlNode Base64(string pem) => Text(Convert.ToBase64String(Encoding.ASCII.GetBytes(pem)));

    /// <summary>
    /// All documents of a stream but those without content, which Talos skips, too. Aliases and merge keys are written out.
    /// </summary>
    /// <exception cref="YamlException">It is not YAML; the exception carries line and column.</exception>
    public static List<YamlNode> Read(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // The parser trips over some broken texts without a word of its own.
            throw new YamlException(new Mark(0, 1, 1), new Mark(0, 1, 1), "It cannot be parsed.", exception);
        }
        var roots = stream.Documents.Select(d => d.RootNode).Where(root => !root.IsNull()).ToList();
        roots.ForEach(YamlAliases.Resolve);
        return roots;
    }

    /// <summary>Writes documents one after the other, with <c>---</c> between them; lines are as long as they are.</summary>
    public static string Write(IEnumerable<YamlNode> documents, int indent = 2)
    {
        var settings = EmitterSettings.Default.WithBestIndent(indent).WithIndentedSequences();
        var texts = documents.Select(document =>
        {
            using var writer = new StringWriter { NewLine = "\n" };
            new YamlStream(new YamlDocument(document)).Save(new Emitter(writer, settings), assignAnchors: false);
            var text = writer.ToString();
            // Save ends every document with the marker of its end.
            return text.EndsWith("...\n", StringComparison.Ordinal) ? text[..^4] : text;
        });
        return string.Join("---\n", texts);
    }

    /// <summary>A copy that shares no node with the original.</summary>
    public static YamlNode Clone(YamlNode node) => node switch
    {
        YamlMappingNode map => CloneMap(map),
        YamlSequenceNode list => new YamlSequenceNode(list.Select(Clone)) { Style = list.Style, Tag = list.Tag },
        YamlScalarNode scalar => new YamlScalarNode(scalar.Value) { Style = scalar.Style, Tag = scalar.Tag },
        _ => throw new InvalidOperationException($"A YAML tree has no {node.GetType().Name}."),
    };

    public static YamlNode? At(this YamlNode node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    public static YamlNode? At(this YamlNode node, IEnumerable<string> path) =>
        path.Aggregate((YamlNode?)node, (at, key) => at?.At(key));

    public static string? TextAt(this YamlNode node, params string[] path) => (node.At(path) as YamlScalarNode)?.Value;

    /// <summary>True for <c>null</c>, <c>~</c> and nothing at all.</summary>
    public static bool IsNull(this YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any, Value: null or "" or "null" or "Null" or "NULL" or "~" };

    private static YamlMappingNode CloneMap(YamlMappingNode map)
    {
        var clone = new YamlMappingNode { Style = map.Style, Tag = map.Tag };
        foreach (var (key, value) in map.Children)
            clone.Add(Clone(key), Clone(value));
        return clone;
    }
}
