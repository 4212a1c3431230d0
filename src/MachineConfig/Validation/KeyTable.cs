using System.Reflection;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>
/// The kinds of documents and their keys, by release. The tables are text files beside this one: a line without indentation is a kind with
/// the first minor of Talos 1 that knows it (<c>12</c>, or <c>12..13</c> when it is gone after), the lines below are its keys as
/// <see cref="KeyNode"/> describes them, two spaces deeper than what they stand in. Every document has <c>apiVersion</c> and <c>kind</c>
/// besides.
/// </summary>
internal static class KeyTable
{
    /// <summary>The name of the document without a kind.</summary>
    public const string Main = "v1alpha1";

    /// <summary>The newest minor that the tables know.</summary>
    public const int Newest = 14;

    public static IReadOnlyDictionary<string, KeyNode> Kinds { get; } = Read();

    private static Dictionary<string, KeyNode> Read()
    {
        var kinds = new Dictionary<string, KeyNode>();
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".keys.txt", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            foreach (var kind in Parse(reader.ReadToEnd()))
                kinds.Add(kind.Name, kind);
        }
        return kinds;
    }

    private static IEnumerable<KeyNode> Parse(string text)
    {
        // The way from a kind to the line above.
        var way = new List<KeyNode>();
        foreach (var line in text.Split('\n').Where(l => l != "" && l[0] != '#'))
        {
            var depth = (line.Length - line.TrimStart().Length) / 2;
            way.RemoveRange(depth, way.Count - depth);
            var node = KeyNode.Parse(line, way.LastOrDefault());
            if (depth == 0)
                yield return node;
            else
                way[^1].Children.Add(node.Name, node);
            way.Add(node);
        }
    }
}
