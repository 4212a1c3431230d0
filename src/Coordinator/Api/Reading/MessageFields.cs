using System.Collections;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Coordinator.Api.Reading;

/// <summary>
/// The values of a message's fields by the paths of its JSON form: enums by name, lists flattened, the rest of a path behind
/// a map is the key. Empty texts and unspecified enums are no value; numbers and flags always are one.
/// </summary>
internal static class MessageFields
{
    public static IEnumerable<string> Values(IMessage message, string path)
    {
        var (name, rest) = Split(path);
        if (Find(message.Descriptor, name) is not { } field || (field.HasPresence && !field.Accessor.HasValue(message)))
            return [];
        var value = field.Accessor.GetValue(message);
        return (field, value) switch
        {
            ({ IsMap: true }, IDictionary map) => map.Contains(rest) ? Texts(MapValue(field), map[rest]!, "") : [],
            ({ IsRepeated: true }, IEnumerable list) => list.Cast<object>().SelectMany(item => Texts(field, item, rest)),
            _ => Texts(field, value, rest),
        };
    }

    /// <summary>True when the path leads to values; one of a message, a list of messages or beyond a leaf does not.</summary>
    public static bool Exists(MessageDescriptor message, string path)
    {
        var (name, rest) = Split(path);
        if (Find(message, name) is not { } field)
            return false;
        if (field.IsMap)
            return rest != "";
        return IsLeaf(field) ? rest == "" : rest != "" && Exists(field.MessageType, rest);
    }

    private static IEnumerable<string> Texts(FieldDescriptor field, object value, string rest) => value switch
    {
        Timestamp or Duration => rest == "" ? [JsonFormatter.ToDiagnosticString((IMessage)value).Trim('"')] : [],
        IMessage inner => rest == "" ? [] : Values(inner, rest),
        _ when rest != "" => [],
        string text => text == "" ? [] : [text],
        bool flag => [flag ? "true" : "false"],
        _ when field.FieldType == FieldType.Enum => Named(field.EnumType, Convert.ToInt32(value, CultureInfo.InvariantCulture)),
        _ => [Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""],
    };

    private static IEnumerable<string> Named(EnumDescriptor type, int number) =>
        number == 0 ? [] : [type.FindValueByNumber(number)?.Name ?? number.ToString(CultureInfo.InvariantCulture)];

    private static bool IsLeaf(FieldDescriptor field) => field.FieldType != FieldType.Message
        || field.MessageType.FullName is "google.protobuf.Timestamp" or "google.protobuf.Duration";

    private static FieldDescriptor MapValue(FieldDescriptor map) => map.MessageType.FindFieldByNumber(2);

    // Both spellings, as the JSON form of protobuf reads them.
    private static FieldDescriptor? Find(MessageDescriptor message, string name) =>
        message.Fields.InDeclarationOrder().FirstOrDefault(f => f.JsonName == name || f.Name == name);

    private static (string Name, string Remainder) Split(string path)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? (path, "") : (path[..dot], path[(dot + 1)..]);
    }
}
