using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Cli.Files;

/// <summary>One YAML scalar as the value of a field, by the rules of proto JSON.</summary>
internal static class ScalarReader
{
    /// <summary>Whether the scalar says "nothing": the field stays as it is when it is not written at all.</summary>
    public static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" };

    public static bool TryRead(FieldDescriptor field, string text, out object value, out string problem)
    {
        (value, problem) = field.FieldType switch
        {
            // The text as it stands: 1.10 without quotes is the version 1.10, not a number.
            FieldType.String => (text, ""),
            FieldType.Bool => text switch { "true" => (true, ""), "false" => (false, ""), _ => Wrong(text, "neither true nor false") },
            FieldType.Enum => Choice(field.EnumType, text),
            FieldType.Bytes => Bytes(text),
            FieldType.Message => WellKnown(field.MessageType, text),
            FieldType.Double or FieldType.Float =>
                Parsed(double.TryParse(text, CultureInfo.InvariantCulture, out var real), real, text, "a number"),
            _ => Number(field.FieldType, text),
        };
        return problem == "";
    }

    private static (object Value, string Problem) Number(FieldType type, string text)
    {
        const NumberStyles Digits = NumberStyles.AllowLeadingSign;
        var culture = CultureInfo.InvariantCulture;
        return type switch
        {
            FieldType.UInt32 or FieldType.Fixed32 => Parsed(
                uint.TryParse(text, Digits, culture, out var small), small, text, $"a whole number from 0 to {uint.MaxValue}"),
            FieldType.UInt64 or FieldType.Fixed64 => Parsed(
                ulong.TryParse(text, Digits, culture, out var large), large, text, $"a whole number from 0 to {ulong.MaxValue}"),
            FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Parsed(
                long.TryParse(text, Digits, culture, out var wide), wide, text, "a whole number of 64 bits"),
            _ => Parsed(int.TryParse(text, Digits, culture, out var number), number, text, "a whole number of 32 bits"),
        };
    }

    private static (object Value, string Problem) Choice(EnumDescriptor type, string text)
    {
        if (type.FindValueByName(text) is { } found)
            return (System.Enum.ToObject(type.ClrType, found.Number), "");
        var names = type.Values.Select(value => value.Name).ToArray();
        return Wrong(text, $"none of {string.Join(", ", names.Skip(1))}{Suggestion.For(Prefixed(type, text), names)}");
    }

    // Most slips leave the prefix out: `kernel` for ASSET_KIND_KERNEL.
    private static string Prefixed(EnumDescriptor type, string text)
    {
        var zero = type.Values[0].Name;
        var prefix = zero[..(zero.LastIndexOf('_') + 1)];
        return text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? text : prefix + text;
    }

    private static (object Value, string Problem) Bytes(string text)
    {
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out var length)
            ? (ByteString.CopyFrom(buffer, 0, length), "")
            : Wrong(text, "not base64");
    }

    private static (object Value, string Problem) WellKnown(MessageDescriptor type, string text)
    {
        try
        {
            return (JsonParser.Default.Parse(System.Text.Json.JsonSerializer.Serialize(text), type), "");
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or InvalidOperationException)
        {
            return Wrong(text, type.Name == "Duration" ? "not a duration in seconds such as 30s or 1.5s"
                : "not a time such as 2030-01-31T12:00:00Z");
        }
    }

    private static (object Value, string Problem) Parsed(bool isValid, object value, string text, string what) =>
        isValid ? (value, "") : Wrong(text, $"not {what}");

    private static (object Value, string Problem) Wrong(string text, string what) => ("", $"'{text}' is {what}");
}
