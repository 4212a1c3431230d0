using Cozy.Fleet.Cli.Kinds;
using Google.Protobuf;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Cli.Files;

/// <summary>One resource as a file describes it.</summary>
/// <param name="Start">Where the document begins.</param>
/// <param name="Places">Where each field stands; see <see cref="MessageReader.Places"/>.</param>
internal sealed record Document(Kind Kind, IMessage Resource, Place Start, IReadOnlyDictionary<string, Place> Places)
{
    public const string ApiVersion = "cozy.fleet/v1";

    public string Name => Kind.Metadata(Resource).Name;

    /// <summary>The place of a field that the coordinator complains about, or of what is around it.</summary>
    public Place PlaceOf(string field) =>
        FieldPath.Outward(field).Select(path => Places.GetValueOrDefault(path)).FirstOrDefault(place => place is not null) ?? Start;

    /// <summary>Null when it is no resource at all; then the errors say why.</summary>
    public static Document? Read(string file, YamlNode root, FileErrors errors)
    {
        var start = Place.Of(file, root.Start);
        if (root is not YamlMappingNode map)
        {
            errors.Add(start, "a document must be a map with apiVersion, kind, metadata and spec");
            return null;
        }
        CheckVersion(file, map, start, errors);
        if (KindOf(file, map, start, errors) is not { } kind)
            return null;
        var resource = kind.Descriptor.Parser.ParseFrom(ByteString.Empty);
        var reader = new MessageReader(file, errors);
        reader.Fill(resource, map, "", "apiVersion", "kind");
        OutputOnly.Clear(kind, resource);
        if (Kind.Metadata(resource).Name == "")
            errors.Add(reader.Places.GetValueOrDefault("metadata") ?? start, "metadata.name is missing");
        return new(kind, resource, start, reader.Places);
    }

    private static void CheckVersion(string file, YamlMappingNode map, Place start, FileErrors errors)
    {
        var version = Scalar(map, "apiVersion");
        if (version?.Value != ApiVersion)
            errors.Add(version is null ? start : Place.Of(file, version.Start), $"apiVersion must be {ApiVersion}");
    }

    private static Kind? KindOf(string file, YamlMappingNode map, Place start, FileErrors errors)
    {
        var word = Scalar(map, "kind");
        var kind = KindTable.All.FirstOrDefault(candidate => candidate.Name == word?.Value);
        if (word is null)
            errors.Add(start, $"kind is missing: {string.Join(", ", KindTable.All.Select(known => known.Name))}");
        else if (kind is null)
            errors.Add(Place.Of(file, word.Start),
                $"unknown kind '{word.Value}'{Suggestion.For(word.Value ?? "", KindTable.All.Select(known => known.Name))}");
        return kind;
    }

    private static YamlScalarNode? Scalar(YamlMappingNode map, string key) =>
        map.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node as YamlScalarNode : null;
}
