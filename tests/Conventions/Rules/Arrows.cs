using System.Xml.Linq;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>A project file, as far as the arrows are concerned.</summary>
/// <param name="References">The projects whose code it uses; those that are only built before it are not among them.</param>
internal sealed record Project(string Path, bool IsExecutable, IReadOnlyList<string> References)
{
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    public bool IsProduct => Path.StartsWith("src/", StringComparison.Ordinal);

    public static Project Parse(SourceFile file)
    {
        var xml = XDocument.Parse(file.Text);
        return new(
            file.Path,
            xml.Descendants("OutputType").Any(e => e.Value == "Exe"),
            [.. xml.Descendants("ProjectReference")
                .Where(e => (string?)e.Attribute("ReferenceOutputAssembly") != "false")
                .Select(e => System.IO.Path.GetFileNameWithoutExtension((string)e.Attribute("Include")!))]);
    }
}

/// <summary>Projects reference each other only as docs/architecture.md says.</summary>
internal static class Arrows
{
    /// <summary>Reads the table under "Arrows": the first column names a project, the last one what it may reference.</summary>
    public static IReadOnlyDictionary<string, string[]> ReadTable(SourceFile architecture) => architecture.Lines
        .SkipWhile(line => line != "## Arrows").Skip(1)
        .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
        .Where(line => line.StartsWith('|') && !line.StartsWith("|---", StringComparison.Ordinal))
        .Skip(1)
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(cells => cells[0], cells => cells[^1] == "–" ? [] : cells[^1].Split(',', StringSplitOptions.TrimEntries));

    public static IEnumerable<Violation> Check(IReadOnlyList<Project> projects, IReadOnlyDictionary<string, string[]> table)
    {
        var products = projects.Where(p => p.IsProduct).ToDictionary(p => p.Name);
        foreach (var row in table.Keys.Where(name => !products.ContainsKey(name)))
            yield return new("docs/architecture.md", 1, $"the table has {row}, but src/{row} is no project");
        foreach (var project in projects)
        {
            if (project.IsProduct && !table.ContainsKey(project.Name))
                yield return new(project.Path, 1, $"{project.Name} is missing from the table of docs/architecture.md");
            foreach (var target in project.References.Where(t => !IsAllowed(project, t, products, table)))
                yield return new(project.Path, 1, $"{project.Name} may not reference {target}");
        }
    }

    // Tests and benchmarks use any library. An executable belongs to its own tests, and to those that play the whole fleet.
    private static bool IsAllowed(
        Project from, string to, Dictionary<string, Project> products, IReadOnlyDictionary<string, string[]> table)
    {
        if (from.IsProduct)
            return table.TryGetValue(from.Name, out var allowed) && allowed.Contains(to);
        if (from.Name == "Conventions" || !products.TryGetValue(to, out var target))
            return false;
        return !target.IsExecutable || from.Name == to + ".Tests" || from.Name == "Scenarios";
    }
}
