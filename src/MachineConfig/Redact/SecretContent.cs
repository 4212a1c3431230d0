using System.Text;
using System.Text.RegularExpressions;

namespace Cozy.Fleet.MachineConfig.Redact;

/// <summary>Secrets that are known by what they look like, wherever they stand.</summary>
internal static partial class SecretContent
{
    /// <summary>The value without its secret part, as short as that can be told; null when there is none.</summary>
    public static string? Hidden(string value)
    {
        if (HasPrivateKey(value) || HasPrivateKey(FromBase64(value)) || HasAssignment(value))
            return Redaction.Marker;
        if (Variable().Match(value) is { Success: true } variable && SecretRules.IsName(variable.Groups["name"].Value))
            return $"{variable.Groups["name"].Value}={Redaction.Marker}";
        var shown = QueryValue().Replace(UserInfo().Replace(value, "${before}" + Redaction.Marker + "@"), "${before}" + Redaction.Marker);
        return shown == value ? null : shown;
    }

    private static bool HasPrivateKey(string text) =>
        text.Contains("PRIVATE KEY-----", StringComparison.Ordinal) || text.Contains("AGE-SECRET-KEY-", StringComparison.OrdinalIgnoreCase);

    // A manifest, a settings file or a piece of JSON in a value.
    private static bool HasAssignment(string text) => text.AsSpan().IndexOfAny('\n', '{') >= 0
        && (text.Contains("kind: Secret", StringComparison.Ordinal)
            || Assignment().Matches(text).Any(match => SecretRules.IsName(match.Groups["name"].Value)));

    private static string FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? Encoding.Latin1.GetString(bytes, 0, count) : "";
    }

    [GeneratedRegex("^(?<name>[A-Za-z_][A-Za-z0-9_]*)=.+$")]
    private static partial Regex Variable();

    [GeneratedRegex("""(^[ \t\-"']*|["'{,]\s*)(?<name>[A-Za-z_][\w.\-]*)["']?[ \t]*[:=]""", RegexOptions.Multiline)]
    private static partial Regex Assignment();

    [GeneratedRegex("(?<before>[A-Za-z][A-Za-z0-9+.-]*://)[^/?#@\\s]+@")]
    private static partial Regex UserInfo();

    [GeneratedRegex("(?<before>[?&][\\w.-]*(token|secret|passw|key|signature)[\\w.-]*=)[^&#\\s]+", RegexOptions.IgnoreCase)]
    private static partial Regex QueryValue();
}
