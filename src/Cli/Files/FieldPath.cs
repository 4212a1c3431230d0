using System.Text.RegularExpressions;

namespace Cozy.Fleet.Cli.Files;

/// <summary>The two spellings of a field's path: the coordinator's `spec.kubernetes_version` and the file's
/// `spec.kubernetesVersion`.</summary>
internal static partial class FieldPath
{
    public static string AsWritten(string path) => Underscore().Replace(path, match => match.Groups[1].Value.ToUpperInvariant());

    /// <summary>The path, then the paths around it: what the coordinator complains about may not be written at all.</summary>
    public static IEnumerable<string> Outward(string path)
    {
        while (path != "")
        {
            yield return path;
            var cut = path.LastIndexOfAny(['.', '[']);
            path = cut < 0 ? "" : path[..cut];
        }
    }

    // Not inside of brackets: those are the keys of a map, which are the user's.
    [GeneratedRegex("_([a-z0-9])(?![^\\[]*\\])")]
    private static partial Regex Underscore();
}
