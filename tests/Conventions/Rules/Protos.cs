using System.Text.RegularExpressions;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>Our API explains itself: reflection, generated docs and readers see these comments.</summary>
internal static partial class Protos
{
    public static IEnumerable<Violation> Uncommented(SourceFile file)
    {
        for (var i = 0; i < file.Lines.Length; i++)
        {
            if (Declaration().Match(file.Lines[i]) is { Success: true } found && (i == 0 || !IsComment(file.Lines[i - 1])))
                yield return file.At(i + 1, $"{found.Groups[1].Value} {found.Groups[2].Value} has no comment above it");
        }
    }

    private static bool IsComment(string line) => line.Trim() is var text
        && ((text.StartsWith("//", StringComparison.Ordinal) && text.Trim('/', ' ') != "") || text.EndsWith("*/", StringComparison.Ordinal));

    [GeneratedRegex(@"^\s*(service|rpc)\s+(\w+)")]
    private static partial Regex Declaration();
}
