using System.Text.RegularExpressions;

namespace Cozy.Fleet.Cli.Output;

/// <summary>
/// Takes secrets out of YAML lines before people see them. Patches of the machine config hold whatever their author wrote: tokens,
/// keys of certificates, passwords of registries.
/// </summary>
internal static partial class Redaction
{
    private const string Hidden = "[redacted]";

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
                hidden.Add(new string(' ', depth) + Hidden);
                continue;
            }
            pem |= line.Contains("PRIVATE KEY-----", StringComparison.Ordinal) && line.Contains("BEGIN", StringComparison.Ordinal);
            block = SecretKey().Match(line) is { Success: true } match && Opens(match.Groups["value"].Value)
                ? match.Groups["before"].Length : null;
            hidden.Add(pem ? new string(' ', depth) + Hidden : block is null ? Inline().Replace(line, "${key}" + Hidden) : line);
            pem &= !line.Contains("END ", StringComparison.Ordinal);
        }
        return hidden;
    }

    // A block scalar, a map or a list on the lines below.
    private static bool Opens(string value) => value.Trim() is "" or "|" or "|-" or "|+" or ">" or ">-" or ">+";

    // The words that name secrets in machine configs: token, secret, aescbcEncryptionSecret, key (of a certificate), auth, password.
    private const string Name = "(?:[\\w.]*(?:secret|token|passw|passphrase|credential|private)[\\w.]*|key|auth)";

    [GeneratedRegex("^(?<before>[ -]*)[\"']?" + Name + "[\"']?\\s*:(?<value>.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretKey();

    [GeneratedRegex("(?<key>(?<!\\w)" + Name + "\\\\?[\"']?\\s*:\\s+)(?:\"[^\"]*\"|'[^']*'|[^,}\\]\\s][^,}\\]]*)", RegexOptions.IgnoreCase)]
    private static partial Regex Inline();
}
