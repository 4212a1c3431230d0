using System.Text.RegularExpressions;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>What a document points to is there.</summary>
internal static partial class Documents
{
    /// <param name="document">The Markdown text; links are relative to its folder, file paths to the root.</param>
    /// <param name="exists">Whether a path that starts at the root exists; it may hold <c>*</c>.</param>
    public static IEnumerable<Violation> DeadPaths(SourceFile document, Func<string, bool> exists)
    {
        for (var i = 0; i < document.Lines.Length; i++)
        {
            var line = document.Lines[i];
            var links = Link().Matches(line).Select(m => m.Groups[1].Value.Split('#')[0])
                .Where(target => target != "" && !target.Contains(':'))
                .Select(target => FromRoot(document.Path, target));
            var paths = FilePath().Matches(line).Select(m => m.Value.TrimEnd('.', ',', '/', '-')).SelectMany(Alternatives)
                .Where(path => !path.Contains("/bin/", StringComparison.Ordinal));
            // `Agent/Boot/BootDecision.cs` is short for the same below src.
            var sources = ShortPath().Matches(line).Select(m => "src/" + m.Groups[1].Value);
            foreach (var dead in links.Concat(paths).Concat(sources).Where(path => !exists(path)).Distinct())
                yield return document.At(i + 1, $"{dead} does not exist");
        }
    }

    private static string FromRoot(string document, string target)
    {
        var folder = Path.GetDirectoryName("/" + document)!;
        return Path.GetFullPath(target, folder).TrimStart('/');
    }

    // src/{A,B}/x.cs names two files.
    private static IEnumerable<string> Alternatives(string path)
    {
        if (Braces().Match(path) is not { Success: true } braces)
            return [path];
        return braces.Groups[1].Value.Split(',')
            .SelectMany(choice => Alternatives(path[..braces.Index] + choice + path[(braces.Index + braces.Length)..]));
    }

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![\w/.-])(?:src|tests|docs|eng|protos|deploy|bench)/[\w./*-]+(?:\{[\w,.-]+\}[\w./*-]*)*|(?<![\w/.-])(?:src|tests|docs|eng)/\{[\w,.-]+\}[\w./*-]*")]
    private static partial Regex FilePath();

    [GeneratedRegex(@"`((?:Agent|Cli|Coordinator|Demo|Domain|Simulator)/[\w./]+\.cs)`")]
    private static partial Regex ShortPath();

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Braces();
}
