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

    private static bool ReadsAsText(string value) =>
        value.Length > 0
        && value is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "~")
        && !double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out _);
}
