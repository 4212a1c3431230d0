using System.Text.Json.Nodes;
using Google.Protobuf;

namespace Cozy.Fleet.Cli.Output;

/// <summary>Resources as proto JSON.</summary>
internal static class Json
{
    private static readonly JsonFormatter Compact = new(JsonFormatter.Settings.Default);

    private static readonly JsonFormatter Indented = new(JsonFormatter.Settings.Default.WithIndentation("  "));

    public static string Line(IMessage message) => Compact.Format(message);

    public static string One(IMessage message) => Indented.Format(message);

    public static string List(IReadOnlyList<IMessage> messages)
    {
        if (messages.Count == 0)
            return """{ "items": [] }""";
        var items = messages.Select(message =>
            "    " + One(message).ReplaceLineEndings("\n").Replace("\n", "\n    ", StringComparison.Ordinal));
        return $"{{\n  \"items\": [\n{string.Join(",\n", items)}\n  ]\n}}";
    }

    public static JsonObject Tree(IMessage message) => JsonNode.Parse(Line(message))!.AsObject();
}
