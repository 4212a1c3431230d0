using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>A node of a document and the path to it, so that a refusal can say where.</summary>
internal readonly record struct YamlPlace(YamlNode Node, string Path)
{
    public long Line => Node.Start.Line;

    /// <summary>The only document of a text.</summary>
    /// <exception cref="FormatException">It is not YAML, or not one map.</exception>
    public static YamlPlace Single(string yaml, string what)
    {
        var documents = Documents(yaml, what);
        return documents.Count == 1
            ? documents[0] : throw new FormatException($"The {what} has {documents.Count} documents instead of one.");
    }

    /// <summary>All documents of a text; each is a map.</summary>
    /// <exception cref="FormatException">It is not YAML, it is empty, or a document is not a map.</exception>
    public static IReadOnlyList<YamlPlace> Documents(string yaml, string what)
    {
        try
        {
            var roots = Yaml.Read(yaml);
            if (roots.Count == 0)
                throw new FormatException($"The {what} is empty.");
            if (roots.Find(r => r is not YamlMappingNode) is { } stranger)
                throw new FormatException($"line {stranger.Start.Line}: the {what} is a map, such as 'machine: …'.");
            return roots.ConvertAll(r => new YamlPlace(r, ""));
        }
        catch (YamlException exception)
        {
            throw new FormatException($"line {exception.Start.Line}: the {what} is not YAML: {exception.Message}", exception);
        }
    }

    /// <summary>What stands under a key, or null.</summary>
    public YamlPlace? At(params string[] keys)
    {
        YamlPlace? place = this;
        foreach (var key in keys)
            place = place is { } here && here.Node.At(key) is { } next && !next.IsNull() ? new(next, here.Below(key)) : null;
        return place;
    }

    /// <summary>What stands under a key.</summary>
    /// <exception cref="FormatException">It is not there.</exception>
    public YamlPlace Get(params string[] keys)
    {
        var place = this;
        foreach (var key in keys)
            place = place.At(key) ?? throw new FormatException($"line {place.Line}: {place.Below(key)} is missing.");
        return place;
    }

    /// <summary>The text of a scalar.</summary>
    /// <exception cref="FormatException">It is a map or a list, or empty.</exception>
    public string Text() => Node is YamlScalarNode { Value: { Length: > 0 } value } ? value : throw Refuse("is not a text");

    public FormatException Refuse(string what, Exception? cause = null) => new($"line {Line}: {Path} {what}.", cause);

    private string Below(string key) => Path == "" ? key : $"{Path}.{key}";
}
