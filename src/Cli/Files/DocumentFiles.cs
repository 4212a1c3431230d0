using Cozy.Fleet.Cli.Hosting;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Cli.Files;

/// <summary>Reads what `-f` names: files, directories of *.yaml, *.yml and *.json files, and `-` for standard input.</summary>
internal static class DocumentFiles
{
    /// <summary>All documents in the order in which they are written to the coordinator; all errors at once.</summary>
    public static IReadOnlyList<Document> Read(IReadOnlyList<string> names, TextReader standardInput)
    {
        var errors = new FileErrors();
        var found = names.SelectMany(name => Expand(name, errors)).SelectMany(file => Documents(file, standardInput, errors)).ToArray();
        foreach (var twice in found.GroupBy(document => (document.Kind, document.Name))
            .Where(group => group.Key.Name != "" && group.Count() > 1))
            errors.Add(twice.Last().Start, $"{twice.Key.Kind.Reference(twice.Key.Name)} is also described at {twice.First().Start}");
        errors.ThrowIfAny();
        if (found.Length == 0)
            throw new Failure(ExitCode.Usage, $"There is no document in {string.Join(", ", names)}.");
        return [.. found.OrderBy(document => document.Kind.Order)];
    }

    private static string[] Expand(string name, FileErrors errors)
    {
        if (name == "-" || File.Exists(name))
            return [name];
        if (Directory.Exists(name))
        {
            var inside = Directory.EnumerateFiles(name, "*", SearchOption.AllDirectories);
            return [.. inside.Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json").Order(StringComparer.Ordinal)];
        }
        errors.Add(name, "there is no such file or directory");
        return [];
    }

    private static IEnumerable<Document> Documents(string file, TextReader standardInput, FileErrors errors) =>
        Roots(file, standardInput, errors).Select(root => Document.Read(file, root, errors)).OfType<Document>();

    /// <summary>The YAML documents of one file, without the empty ones; none when it cannot be read, and then the errors say why.</summary>
    public static IEnumerable<YamlNode> Roots(string file, TextReader standardInput, FileErrors errors)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(file == "-" ? standardInput.ReadToEnd() : File.ReadAllText(file)));
        }
        catch (YamlException error)
        {
            errors.Add(Place.Of(file, error.Start), $"this is not YAML: {error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            errors.Add(file, $"it cannot be read: {error.Message}");
        }
        return yaml.Documents.Select(document => document.RootNode).Where(root => !ScalarReader.IsNull(root));
    }
}
