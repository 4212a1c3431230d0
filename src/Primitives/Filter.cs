using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Primitives;

/// <summary>
/// A filter over a resource: terms joined by <c>AND</c>, each <c>path = value</c> or <c>path != value</c>; <c>*</c> is every
/// resource. A value with spaces stands in double quotes. A path names a field as the JSON form does, with lists
/// flattened (<c>status.macs = "aa:…"</c> is true when one of them is equal). A subset of google.aip.dev/160.
/// </summary>
public sealed partial record Filter
{
    private readonly ImmutableArray<Term> terms;

    private Filter(ImmutableArray<Term> terms) => this.terms = terms;

    /// <summary>Reads a filter. An empty text matches everything, as <c>*</c> does.</summary>
    public static bool TryParse(string? text, out Filter filter, out string refusal)
    {
        filter = new([]);
        refusal = "";
        text = text?.Trim() ?? "";
        if (text is "" or "*")
            return true;

        var found = ImmutableArray.CreateBuilder<Term>();
        var position = 0;
        while (true)
        {
            var match = TermPattern().Match(text, position);
            if (!match.Success)
            {
                refusal = $"filter: '{text[position..]}' is not a term such as status.rack = \"r1\".";
                return false;
            }

            var value = match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Groups["bare"].Value;
            found.Add(new(match.Groups["path"].Value, match.Groups["op"].Value == "=", value));
            position = match.Index + match.Length;
            if (position == text.Length)
                break;

            var and = AndPattern().Match(text, position);
            if (!and.Success)
            {
                refusal = $"filter: expected AND before '{text[position..].TrimStart()}'.";
                return false;
            }
            position = and.Index + and.Length;
        }

        filter = new(found.ToImmutable());
        return true;
    }

    /// <summary>The paths that the terms name: whoever knows the resource can refuse one that it does not have.</summary>
    public IEnumerable<string> Paths => terms.Select(term => term.Path);

    /// <summary>True when every term holds. The function gives all values of a path; none when it is not set.</summary>
    public bool Matches(Func<string, IEnumerable<string>> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return terms.All(term => values(term.Path).Any(v => string.Equals(v, term.Value, StringComparison.OrdinalIgnoreCase))
            == term.Equal);
    }

    public bool Equals(Filter? other) => other is not null && terms.SequenceEqual(other.terms);

    public override int GetHashCode() => terms.Aggregate(0, HashCode.Combine);

    private sealed record Term(string Path, bool Equal, string Value);

    [GeneratedRegex("""\G\s*(?<path>[A-Za-z][A-Za-z0-9_./-]*)\s*(?<op>!=|=)\s*(?:"(?<quoted>[^"]*)"|(?<bare>[^\s"]+))\s*""")]
    private static partial Regex TermPattern();

    [GeneratedRegex(@"\GAND\b\s*")]
    private static partial Regex AndPattern();
}
