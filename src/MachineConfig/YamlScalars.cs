using System.Text.RegularExpressions;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// What a plain scalar is read as. Node and talosctl read with YAML 1.2's core schema and the words of 1.1; both lists count.
/// </summary>
internal static partial class YamlScalars
{
    public static bool ReadsAsText(string value) =>
        value.Length > 0
        && value.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n" or "~" or ".nan" or "<<")
        && !NumberLike().IsMatch(value)
        && !TimeLike().IsMatch(value);

    // The second line is the sexagesimal number of YAML 1.1, such as 1:30.
    [GeneratedRegex(
        @"^[-+]?((\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+" +
        @"|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|\.inf|\.Inf|\.INF)$")]
    private static partial Regex NumberLike();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$")]
    private static partial Regex TimeLike();
}
