using System.Text.RegularExpressions;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>The first line of a node file of talm: <c># talm: nodes=["10.0.0.11"], endpoints=["10.0.0.11"], templates=["…"]</c>.</summary>
internal sealed partial record ModeLine(IReadOnlyList<string> Nodes, IReadOnlyList<string> Templates)
{
    /// <summary>Null when the text has none.</summary>
    public static ModeLine? Of(string text)
    {
        var line = text.Split('\n').FirstOrDefault(l => l.Trim() != "") ?? "";
        return line.StartsWith("# talm:", StringComparison.Ordinal) ? new(List(line, "nodes"), List(line, "templates")) : null;
    }

    private static List<string> List(string line, string name) =>
        [.. Lists().Matches(line).Where(m => m.Groups["name"].Value == name).SelectMany(m => Words().Matches(m.Groups["list"].Value))
            .Select(m => m.Groups["word"].Value)];

    [GeneratedRegex("(?<name>[a-z]+)=\\[(?<list>[^\\]]*)\\]")]
    private static partial Regex Lists();

    [GeneratedRegex("\"(?<word>[^\"]*)\"")]
    private static partial Regex Words();
}
