using System.Globalization;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.Primitives;

/// <summary>
/// A version as Talos and Kubernetes tag it: <c>v1.13.9</c>, <c>v1.14.0-rc.1</c>. The order is that of semver.org.
/// </summary>
public sealed partial record SemanticVersion(int Major, int Minor, int Patch, string Prerelease = "")
    : IComparable<SemanticVersion>
{
    /// <summary>Reads a version with or without the leading v. Build metadata after + is dropped.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SemanticVersion? version)
    {
        var match = Pattern().Match(text ?? "");
        version = match.Success
            ? new(Number(match.Groups[1]), Number(match.Groups[2]), Number(match.Groups[3]), match.Groups[4].Value)
            : null;
        return match.Success;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="FormatException">The text is not a version.</exception>
    public static SemanticVersion Parse(string text) =>
        TryParse(text, out var version) ? version : throw new FormatException($"'{text}' is not a version such as v1.13.9.");

    /// <summary>True when this is the given minor release, a prerelease of it, or anything newer.</summary>
    public bool IsAtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);

    /// <inheritdoc/>
    public int CompareTo(SemanticVersion? other)
    {
        if (other is null)
            return 1;
        var byNumber = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        return byNumber != 0 ? byNumber : ComparePrerelease(Prerelease, other.Prerelease);
    }

    /// <summary>With the leading v.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"v{Major}.{Minor}.{Patch}{(Prerelease == "" ? "" : "-" + Prerelease)}");

    public static bool operator <(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) >= 0;

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    // A release is newer than its prereleases; identifiers compare number by number, word by word.
    private static int ComparePrerelease(string left, string right)
    {
        if (left == right)
            return 0;
        if (left == "" || right == "")
            return left == "" ? 1 : -1;

        var (a, b) = (left.Split('.'), right.Split('.'));
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            var order = CompareIdentifier(a[i], b[i]);
            if (order != 0)
                return order;
        }
        return a.Length.CompareTo(b.Length);
    }

    private static int CompareIdentifier(string left, string right) =>
        (int.TryParse(left, CultureInfo.InvariantCulture, out var a), int.TryParse(right, CultureInfo.InvariantCulture, out var b)) switch
        {
            (true, true) => a.CompareTo(b),
            (true, false) => -1,
            (false, true) => 1,
            _ => string.CompareOrdinal(left, right),
        };

    [GeneratedRegex(@"^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$")]
    private static partial Regex Pattern();
}
