using System.Globalization;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>A key that Talos knows in a place, or a kind of document, and what may stand there.</summary>
/// <param name="Type">
/// <c>text</c>, <c>text(a|b)</c>, <c>int</c>, <c>bool</c>, <c>duration</c>, <c>any</c> (Talos does not look inside), <c>struct</c>
/// (a map of the children), <c>[x]</c> (a list of x) or <c>&lt;x&gt;</c> (a map from any name to x).
/// </param>
/// <param name="Since">The first minor of Talos 1 that knows it.</param>
/// <param name="Until">The last one.</param>
internal sealed record KeyNode(string Name, bool Required, string Type, int Since, int Until)
{
    public Dictionary<string, KeyNode> Children { get; } = [];

    public bool IsKnownTo(int minor) => minor >= Since && minor <= Until;

    /// <summary>Reads a line: the key, with <c>!</c> when it is required, its type, and its minors unless its parent's hold.</summary>
    public static KeyNode Parse(string line, KeyNode? parent)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (since, until) = (parent?.Since ?? 0, parent?.Until ?? int.MaxValue);
        if ((parent is null ? words.ElementAtOrDefault(1) : words.ElementAtOrDefault(2))?.Split("..") is { } minors)
        {
            since = int.Parse(minors[0], CultureInfo.InvariantCulture);
            until = minors.Length > 1 ? int.Parse(minors[1], CultureInfo.InvariantCulture) : until;
        }
        return new(words[0].TrimEnd('!'), words[0].EndsWith('!'), parent is null ? "struct" : words[1], since, until);
    }
}
