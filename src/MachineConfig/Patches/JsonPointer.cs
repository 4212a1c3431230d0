using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>A place in a document (RFC 6901), and what a JSON patch does there.</summary>
internal sealed class JsonPointer(string text, long line)
{
    /// <summary>The keys on the way, unescaped.</summary>
    public string[] Keys { get; } = text == ""
        ? []
        : [.. text.Split('/').Skip(1).Select(k => k.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    public PatchException Refuse(string what) => new($"line {line}: {(text == "" ? "the document" : text)} {what}.");

    public bool IsBelow(JsonPointer other) => Keys.Length > other.Keys.Length && Keys.Take(other.Keys.Length).SequenceEqual(other.Keys);

    /// <exception cref="PatchException">There is nothing.</exception>
    public YamlNode Find(YamlNode document) => Keys.Aggregate(document, Child);

    /// <summary>The document with the value added: into a list before the element, or at its end for <c>-</c>.</summary>
    public YamlNode Add(YamlNode document, YamlNode value)
    {
        switch (Parent(document))
        {
            case null:
                return value;
            case YamlSequenceNode list:
                list.Children.Insert(Keys[^1] == "-" ? list.Children.Count : Index(Keys[^1], list.Children.Count), value);
                return document;
            case YamlMappingNode map:
                map.Children[new YamlScalarNode(Keys[^1])] = value;
                return document;
            default:
                throw Refuse("is inside of a value that is neither map nor list");
        }
    }

    public YamlNode Replace(YamlNode document, YamlNode value)
    {
        switch (Parent(document))
        {
            case null:
                return value;
            case YamlSequenceNode list:
                list.Children[Index(Keys[^1], list.Children.Count - 1)] = value;
                return document;
            default:
                return Add(document, value);
        }
    }

    public YamlNode Remove(YamlNode document)
    {
        Find(document);
        switch (Parent(document))
        {
            case YamlSequenceNode list:
                list.Children.RemoveAt(Index(Keys[^1], list.Children.Count - 1));
                return document;
            case YamlMappingNode map:
                map.Children.Remove(new YamlScalarNode(Keys[^1]));
                return document;
            default:
                throw Refuse("cannot be removed");
        }
    }

    private YamlNode? Parent(YamlNode document) => Keys.Length == 0 ? null : Keys[..^1].Aggregate(document, Child);

    private YamlNode Child(YamlNode at, string key) => at switch
    {
        YamlSequenceNode list => list.Children[Index(key, list.Children.Count - 1)],
        _ => at.At(key) ?? throw Refuse("is not there"),
    };

    // RFC 6901 4: digits without leading zeros.
    private int Index(string key, int last) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= last && (key == "0" || key[0] != '0')
            ? index
            : throw Refuse("is not there");
}
