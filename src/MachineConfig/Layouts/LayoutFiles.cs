using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Patches;
using Cozy.Fleet.MachineConfig.Secrets;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>The files of a layout by their paths, and what was not taken from them.</summary>
internal sealed partial class LayoutFiles(IReadOnlyList<LayoutFile> files)
{
    private readonly List<string> left = [];

    public IReadOnlyList<string> Left => left;

    public bool Has(string path) => files.Any(file => Normal(file.Path) == Normal(path));

    /// <summary>The text of a file.</summary>
    /// <exception cref="FormatException">It is not there, or it is encrypted.</exception>
    public string Read(string path)
    {
        if (files.FirstOrDefault(file => Normal(file.Path) == Normal(path)) is not { } found)
            throw new FormatException(Twin(path) is { } twin
                ? $"{twin} is encrypted; decrypt it to {path} first."
                : $"{path} is not there.");
        return IsEncrypted(found.Text)
            ? throw new FormatException($"{path} is encrypted; decrypt it first, for example with 'sops --decrypt --in-place {path}'.")
            : found.Text;
    }

    /// <summary>A file of one document.</summary>
    /// <exception cref="FormatException">It is not there, it is encrypted, or not YAML.</exception>
    public ConfigLeaf Document(string path)
    {
        var text = Read(path);
        return In(path, () => ConfigLeaf.Root((YamlMappingNode)YamlPlace.Single(text, "file").Node));
    }

    /// <summary>The paths of the files right in a folder, in their order.</summary>
    public IEnumerable<string> Folder(string folder) => files.Select(file => Normal(file.Path))
        .Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal) && path.LastIndexOf('/') == folder.Length)
        .Order(StringComparer.Ordinal);

    /// <summary>The secrets bundle in a file, or those of a control plane's config when there is no such file.</summary>
    /// <exception cref="FormatException">There are none, or they are damaged.</exception>
    public SecretsBundle Secrets(string path, string controlPlane = "")
    {
        var fromConfig = controlPlane != "" && !Has(path) && Twin(path) is null;
        var text = Read(fromConfig ? controlPlane : path);
        SecretsBundle? bundle;
        var read = fromConfig
            ? BundleImport.TryFromControlPlane(text, out bundle, out var refusal)
            : BundleImport.TryFromFile(text, out bundle, out refusal);
        return read ? bundle! : throw new FormatException($"{(fromConfig ? controlPlane : path)}: {refusal}");
    }

    /// <summary>A patch of a file without what the coordinator sets, which is noted; null when nothing remains.</summary>
    /// <exception cref="FormatException">It is encrypted, or no patch.</exception>
    public string? Patch(string path, string text)
    {
        if (IsEncrypted(text))
            throw new FormatException($"{path} is encrypted; decrypt it first.");
        if (External().Match(text) is { Success: true } reference)
            throw new FormatException($"{path} refers to {reference.Value}, which another tool fills in; write the value itself.");
        var documents = In(path, () => Yaml.Read(text));
        foreach (var map in documents.OfType<YamlMappingNode>())
        {
            foreach (var reserved in ReservedPaths.Strip(map))
                left.Add($"{path}: {reserved} is set by the coordinator.");
        }
        documents.RemoveAll(IsEmpty);
        if (documents.Count == 0)
            return null;
        var patch = Yaml.Write(documents);
        return ConfigPatch.Problem(patch, new(1, 6, 0)) is { } problem ? throw new FormatException($"{path}: {problem}") : patch;
    }

    public void Leave(string sentence) => left.Add(sentence);

    /// <summary>Says in which file a problem is.</summary>
    public static T In<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is FormatException or YamlDotNet.Core.YamlException)
        {
            throw new FormatException($"{path}: {exception.Message}", exception);
        }
    }

    private string? Twin(string path) => files.Select(file => Normal(file.Path)).FirstOrDefault(
        name => name == path.Replace(".yaml", ".encrypted.yaml", StringComparison.Ordinal)
            || name == path.Replace(".yaml", ".sops.yaml", StringComparison.Ordinal));

    // Also a document that says no more than what it is.
    private static bool IsEmpty(YamlNode document) => document switch
    {
        YamlMappingNode map when map.At("kind") is null => map.Children.Count == 0,
        YamlMappingNode map => map.Children.Keys.All(key => key is YamlScalarNode { Value: "apiVersion" or "kind" }),
        YamlSequenceNode list => !list.Any(),
        _ => false,
    };

    private static string Normal(string path) => path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;

    private static bool IsEncrypted(string text) => Sealed().IsMatch(text);

    // SOPS and talm seal values, age whole files.
    [GeneratedRegex("ENC\\[(AES256_GCM|AGE),data:|^sops:\\s*$|BEGIN AGE ENCRYPTED FILE|^age-encryption\\.org/", RegexOptions.Multiline)]
    private static partial Regex Sealed();

    [GeneratedRegex("ref\\+[a-z0-9]+://\\S+|\\{\\{.*\\}\\}")]
    private static partial Regex External();
}
