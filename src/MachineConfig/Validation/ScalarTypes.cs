using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What the decoder of a node takes for a type: a text may be any scalar, a number may not stand in quotes.</summary>
internal static partial class ScalarTypes
{
    /// <summary>What it should be; null when it is.</summary>
    public static string? Problem(YamlScalarNode scalar, string type)
    {
        var value = scalar.Value ?? "";
        var plain = scalar.Style is ScalarStyle.Plain or ScalarStyle.Any;
        return type switch
        {
            "text" => null,
            "bool" when value.ToLowerInvariant() is "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n" => null,
            "bool" => "true or false",
            "int" when plain => Integer().IsMatch(value) ? null : "a whole number",
            "int" => "a whole number without quotes",
            "duration" => Duration().IsMatch(value) ? null : "a duration such as 1m30s",
            // text(a|b)
            _ => type[5..^1].Split('|').Contains(value) ? null : $"one of {type[5..^1].Replace("|", ", ", StringComparison.Ordinal)}",
        };
    }

    [GeneratedRegex("^[-+]?([0-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+)$")]
    private static partial Regex Integer();

    // Without a unit only zero is a duration; a bare number counts nanoseconds.
    [GeneratedRegex("^[-+]?([0-9]+|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h))+$")]
    private static partial Regex Duration();
}
