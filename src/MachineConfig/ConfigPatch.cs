using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Patches;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Patches as <c>talosctl</c> applies them (talos.md 5.6). A strategic merge is a map: documents match by apiVersion, kind and name, and
/// <c>$patch: delete</c> takes a map, an element of a list or a whole document away. A JSON patch is a list of operations (RFC 6902), for
/// a config of one document only.
/// </summary>
public static class ConfigPatch
{
    // From here on a generated config has a HostnameConfig beside the v1alpha1 document.
    private const int FirstMinorOfSeveralDocuments = 12;

    private static readonly HashSet<YamlMappingNode> Empty = [];

    /// <summary>Applies one patch to a config.</summary>
    /// <returns>
    /// Null and a refusal when config or patch is not YAML, or the patch is of neither kind, writes what is reserved, or does not fit.
    /// </returns>
    public static string? Apply(string config, string patch, out string refusal)
    {
        refusal = "";
        try
        {
            var documents = Documents(config);
            Apply(documents, patch, Empty);
            return Yaml.Write(documents);
        }
        catch (Exception exception) when (exception is PatchException or FormatException)
        {
            refusal = exception.Message;
            return null;
        }
    }

    /// <summary>The documents of a config, to be patched in place.</summary>
    /// <exception cref="FormatException">It is not YAML, it is empty, or a document is not a map.</exception>
    internal static List<YamlMappingNode> Documents(string config) =>
        [.. YamlPlace.Documents(config, "machine config").Select(d => (YamlMappingNode)d.Node)];

    /// <summary>Applies one patch to the documents, whose nodes stay where the patch does not touch them.</summary>
    /// <param name="beside">Documents that a JSON patch does not see, by reference.</param>
    /// <exception cref="PatchException">The patch is not one, writes what is reserved, or does not fit.</exception>
    internal static void Apply(List<YamlMappingNode> documents, string patch, IReadOnlySet<YamlMappingNode> beside)
    {
        if (ProblemOfContent(patch) is { } problem)
            throw new PatchException(problem);
        Yaml.Read(patch).ForEach(part => Apply(documents, part, beside));
    }

    /// <summary>What is wrong with a patch for whatever release, with its line; null when nothing is.</summary>
    public static string? Problem(string patch) => Problem(patch, new(1, FirstMinorOfSeveralDocuments, 0));

    /// <summary>What is wrong with a patch for configs of a version contract, with its line; null when nothing is.</summary>
    public static string? Problem(string patch, SemanticVersion contract)
    {
        if (ProblemOfContent(patch) is { } problem)
            return problem;
        return contract.IsAtLeast(1, FirstMinorOfSeveralDocuments) && Yaml.Read(patch).Find(root => root is YamlSequenceNode) is { } json
            ? Severalty(json)
            : null;
    }

    /// <summary>Keys, kinds and types in a patch that a node of this release would refuse, in the order of the text.</summary>
    public static EquatableArray<ConfigProblem> UnknownTo(SemanticVersion talos, string patch) =>
        [.. new KeyCheck(talos, isPatch: true).Problems([.. Yaml.Read(patch).OfType<YamlMappingNode>().Select(ConfigLeaf.Root)])];

    private static string? ProblemOfContent(string patch)
    {
        try
        {
            return Yaml.Read(patch).Select(Problem).FirstOrDefault(problem => problem is not null);
        }
        catch (YamlException exception)
        {
            return $"line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}";
        }
    }

    private static string? Problem(YamlNode root) => root switch
    {
        YamlMappingNode map => ReservedPaths.Problem(map),
        YamlSequenceNode list => JsonPatch.Problem(list) ?? ReservedPaths.Problem(list),
        _ => $"line {root.Start.Line}: a patch is a map, such as 'machine: …', or a list of JSON patch operations.",
    };

    private static void Apply(List<YamlMappingNode> documents, YamlNode part, IReadOnlySet<YamlMappingNode> beside)
    {
        if (part is YamlMappingNode map)
        {
            Merge(documents, map);
            return;
        }
        if (documents.Count(document => !beside.Contains(document)) != 1)
            throw new PatchException(Severalty(part));
        var only = documents.FindIndex(document => !beside.Contains(document));
        documents[only] = (YamlMappingNode)JsonPatch.Apply(documents[only], (YamlSequenceNode)part);
    }

    private static void Merge(List<YamlMappingNode> documents, YamlMappingNode part)
    {
        var index = documents.FindIndex(d => Identity(d) == Identity(part));
        if (Deletion.Is(part))
        {
            // Deleting a document that is not there is no error, unlike a path inside of one.
            if (index >= 0)
                documents.RemoveAt(index);
            return;
        }
        // Into an empty one when it is new, so that what the patch says of deletion is heard there, too.
        if (index < 0)
            documents.Add([]);
        StrategicMerge.Merge(index < 0 ? documents[^1] : documents[index], part, part.TextAt("kind") ?? "");
    }

    private static string Severalty(YamlNode patch) =>
        $"line {patch.Start.Line}: a JSON patch is for a config of one document, and from Talos 1.12 on it has several; " +
        "write a map, such as 'machine: …'.";

    // The v1alpha1 document has no apiVersion and no kind; a patch may repeat its version.
    internal static (string?, string?, string?) Identity(YamlMappingNode document) => document.At("kind") is null
        ? default
        : (document.TextAt("apiVersion"), document.TextAt("kind"), document.TextAt("name"));
}
