using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>Small words for building, reading and writing YAML trees, whose nodes know their line and column.</summary>
internal static partial class Yaml
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

    /// <summary>A string; quoted where plain YAML would read it as something else.</summary>
    public static YamlNode Text(string value) => new YamlScalarNode(value)
    {
        Style = ReadsAsText(value) ? ScalarStyle.Any : ScalarStyle.DoubleQuoted,
    };

    public static YamlNode Bool(bool value) => new YamlScalarNode(value ? "true" : "false");

    public static YamlNode Number(long value) =>
        new YamlScalarNode(value.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>PEM as Talos carries it: base64 of the text.</summary>
    public static YamlNode Base64(string pem) => Text(Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(pem)));

    /// <summary>All documents of a stream.</summary>
    /// <exception cref="YamlException">It is not YAML; the exception carries line and column.</exception>
    public static List<YamlDocument> Read(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents];
    }

    /// <summary>Writes documents one after the other, with <c>---</c> between them.</summary>
    public static string Write(IEnumerable<YamlNode> documents)
    {
        var texts = documents.Select(document =>
        {
            using var writer = new StringWriter { NewLine = "\n" };
            new YamlStream(new YamlDocument(document)).Save(writer, assignAnchors: false);
            var text = writer.ToString();
            // Save ends every document with the marker of its end.
            return text.EndsWith("...\n", StringComparison.Ordinal) ? text[..^4] : text;
        });
        return string.Join("---\n", texts);
    }

    public static YamlNode? At(this YamlNode node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    public static string? TextAt(this YamlNode node, params string[] path)
    {
        YamlNode? at = node;
        foreach (var key in path)
            at = at?.At(key);
        return (at as YamlScalarNode)?.Value;
    }

    // Node and talosctl read with YAML 1.2's core schema and the words of 1.1; both lists are quoted.
    private static bool ReadsAsText(string value) =>
        value.Length > 0
        && value.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n" or "~" or ".nan" or "<<")
        && !NumberLike().IsMatch(value);

    [GeneratedRegex(@"^[-+]?(\.?[0-9][0-9_.:eE+-]*|0x[0-9a-fA-F_]+|0o[0-7_]+|\.inf|\.Inf|\.INF)$")]
    private static partial Regex NumberLike();
}
