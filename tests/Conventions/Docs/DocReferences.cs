using System.Text.RegularExpressions;

namespace Cozy.Fleet.Conventions.Docs;

/// <summary>What a page points at exists: the targets of its links, and the files that it names in `code`.</summary>
internal static partial class DocReferences
{
    // Places that runs write to, and words with a slash that are no files of ours.
    private static readonly string[] Elsewhere = [".run/", "TestResults/"];

    /// <param name="page">The page's path from the root.</param>
    /// <param name="exists">Says whether a path from the root is there.</param>
    public static IEnumerable<Finding> Check(string page, string text, Func<string, bool> exists)
    {
        foreach (var (index, line) in WithoutCode(text).Index())
        {
            foreach (Match link in Link().Matches(line))
            {
                var target = link.Groups[1].Value;
                if (!External().IsMatch(target) && !exists(Resolve(page, target.Split('#')[0])))
                    yield return new(page, index + 1, $"the link to {target} leads nowhere");
            }
            foreach (var path in Paths(line).Where(path => !Candidates(path).Any(exists)))
                yield return new(page, index + 1, $"names {path}, which does not exist");
        }
    }

    // Blocks of commands and sample output name what a reader will have, not what is here.
    private static IEnumerable<string> WithoutCode(string text)
    {
        var inside = false;
        foreach (var line in text.Split('\n'))
        {
            var fence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            yield return inside || fence ? "" : line;
            inside ^= fence;
        }
    }

    // `src/Agent/Agent.csproj`, `src/Dhcp`, `Agent/Boot/BootDecision.cs`, `src/{Dhcp,Tftp}`; not `clusters/NAME` or `/readyz`.
    private static IEnumerable<string> Paths(string line) =>
        from code in Code().Matches(line)
        let word = code.Groups[1].Value
        where Repo().IsMatch(word) && !Elsewhere.Any(start => word.StartsWith(start, StringComparison.Ordinal))
        from path in Alternatives(word.TrimEnd('/'))
        select path;

    private static IEnumerable<string> Alternatives(string path) => Braces().Match(path) is { Success: true } braces
        ? braces.Groups[1].Value.Split(',').Select(each => path[..braces.Index] + each + path[(braces.Index + braces.Length)..])
        : [path];

    // The architecture page leaves the leading src/ out where the project's name stands first.
    private static string[] Candidates(string path) => [path, $"src/{path}"];

    private static string Resolve(string page, string target) => target == ""
        ? page
        : Path.GetRelativePath(".", Path.Combine(Path.GetDirectoryName(page) ?? "", target));

    [GeneratedRegex(@"\]\(([^)\s]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex("^[a-z]+:")]
    private static partial Regex External();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^((src|tests|docs|protos|eng|deploy|bench)(/[\w.{},-]+)*/?|[A-Z]\w+(/[\w.-]+)+\.(cs|csproj|proto|md|yaml))$")]
    private static partial Regex Repo();

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Braces();
}
