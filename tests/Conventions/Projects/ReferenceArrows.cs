using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Cozy.Fleet.Conventions.Projects;

/// <summary>
/// The arrows between projects are those of the table in docs/architecture.md: the page is the rule, so that it cannot be out of
/// date. A project that is only started as a process (ReferenceOutputAssembly is false) is no arrow.
/// </summary>
internal static partial class ReferenceArrows
{
    /// <summary>What each project may reference, by the rows "| Name | what it is | A, B |"; a dash means nothing.</summary>
    public static Dictionary<string, string[]> Allowed(string page) => Row().Matches(page)
        .Where(row => row.Groups["name"].Value != "Project")
        .ToDictionary(row => row.Groups["name"].Value, row => row.Groups["may"].Value.Trim() is "–"
            ? []
            : row.Groups["may"].Value.Split(',', StringSplitOptions.TrimEntries));

    /// <summary>The projects that one references.</summary>
    public static string[] Actual(string project) =>
    [
        .. XDocument.Parse(project).Descendants("ProjectReference")
            .Where(reference => reference.Attribute("ReferenceOutputAssembly")?.Value != "false")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)),
    ];

    public static IEnumerable<Finding> Check(IReadOnlyDictionary<string, string[]> allowed, IReadOnlyDictionary<string, string[]> actual)
    {
        foreach (var (name, references) in actual)
        {
            if (!allowed.TryGetValue(name, out var may))
                yield return new($"src/{name}", 1, "docs/architecture.md has no row for this project");
            else if (references.Except(may).ToArray() is { Length: > 0 } extra)
                yield return new($"src/{name}", 1, $"references {string.Join(", ", extra)}; docs/architecture.md does not allow it");
        }
        foreach (var name in allowed.Keys.Except(actual.Keys))
            yield return new("docs/architecture.md", 1, $"has a row for {name}, which is no project in src");
    }

    [GeneratedRegex(@"^\| (?<name>[A-Z]\w+) \| [^|]+ \| (?<may>–|[A-Z][\w, ]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
