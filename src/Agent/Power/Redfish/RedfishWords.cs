using System.Text.Json;

namespace Cozy.Fleet.Agent.Power.Redfish;

/// <summary>Reads what may not be there: services leave out what they do not know.</summary>
internal static class RedfishWords
{
    private const int MostWords = 300;

    /// <summary>The object or value behind these names; null when one is missing.</summary>
    public static JsonElement? At(this JsonElement json, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out json))
                return null;
        }
        return json;
    }

    /// <summary>The text there; empty when there is none.</summary>
    public static string Text(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.At(path) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "";

    /// <summary>The texts of the list there; null when there is no list.</summary>
    public static IReadOnlyList<string>? Texts(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.At(path) is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)] : null;

    /// <summary>The objects of the list there.</summary>
    public static IReadOnlyList<JsonElement> Objects(this JsonElement json, params ReadOnlySpan<string> path) =>
        json.At(path) is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.Object)] : [];

    /// <summary>What a refusal, or a task that failed, says for people.</summary>
    public static string Of(JsonElement json)
    {
        var messages = json.Objects("error", "@Message.ExtendedInfo").Concat(json.Objects("Messages"))
            .Select(message => message.Text("Message")).Append(json.Text("error", "message")).Where(text => text != "").Distinct();
        var words = string.Join("; ", messages);
        return words.Length <= MostWords ? words : words[..MostWords];
    }
}
