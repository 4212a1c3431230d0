using System.Text;
using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig;

namespace Cozy.Fleet.Cli.Output;

/// <summary>
/// Takes secrets out of YAML lines before people see them, and leaves the lines where they are. Patches of the machine config hold whatever
/// their author wrote: tokens, keys of certificates, passwords of registries. Which names secrets have is <see cref="Redaction"/>'s to say.
/// </summary>
internal static partial class RedactedLines
{
    /// <summary>As many lines as were given, so that a difference keeps its shape.</summary>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> lines)
    {
        var hidden = new List<string>(lines.Count);
        // Lines that are deeper than this belong to the value of a secret key.
        int? block = null;
        var pem = false;
        foreach (var line in lines)
        {
            var depth = line.Length - line.TrimStart().Length;
            // A list may stand as deep as its key.
            if (block is { } edge && (depth > edge || line.Trim() == "" || (depth == edge && line[depth] == '-')))
            {
                hidden.Add(new string(' ', depth) + Redaction.Marker);
                continue;
            }
            pem |= line.Contains("PRIVATE KEY-----", StringComparison.Ordinal) && line.Contains("BEGIN", StringComparison.Ordinal);
            block = Block().Match(line) is { Success: true } key && Redaction.IsSecretName(key.Groups["name"].Value)
                ? key.Groups["before"].Length : null;
            hidden.Add(pem ? new string(' ', depth) + Redaction.Marker : block is null ? Line(line) : line);
            pem &= !line.Contains("END ", StringComparison.Ordinal);
        }
        return hidden;
    }

    // A value may hold other keys: only those of secrets take theirs along.
    private static string Line(string line)
    {
        var (shown, done) = (new StringBuilder(), 0);
        foreach (var key in Key().Matches(line).Where(key => Redaction.IsSecretName(key.Groups["name"].Value)))
        {
            var end = key.Index + key.Length;
            if (key.Index < done || Value().Match(line, end) is not { Success: true } value)
                continue;
            shown.Append(line, done, end - done).Append(Redaction.Marker);
            done = end + value.Length;
        }
        return shown.Append(line, done, line.Length - done).ToString();
    }

    // A key whose value is a block scalar, a map or a list on the lines below.
    [GeneratedRegex("^(?<before>[ -]*)[\"']?(?<name>[\\w.-]+)[\"']?\\s*:\\s*[|>]?[+-]?\\s*$")]
    private static partial Regex Block();

    [GeneratedRegex("(?<!\\w)(?<name>[\\w.-]+)\\\\?[\"']?\\s*:\\s+")]
    private static partial Regex Key();

    [GeneratedRegex("\\G(?:\"[^\"]*\"|'[^']*'|[^,}\\]\\s][^,}\\]]*)")]
    private static partial Regex Value();
}
