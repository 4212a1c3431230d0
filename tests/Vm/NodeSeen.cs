using System.Text.Json;

namespace Cozy.Fleet.Vm;

/// <summary>A node as the API tells it. A field that is not set is empty.</summary>
internal sealed record NodeSeen(string Name, string Phase, string Stage, string Firmware, string BootId, bool Ready)
{
    /// <summary>Reads a line of `cozyfleet watch nodes -o json`; null for a line that is no node.</summary>
    public static NodeSeen? Parse(string line)
    {
        if (!line.StartsWith('{'))
            return null; // What the CLI says to people about its connection.
        using var json = JsonDocument.Parse(line);
        var name = json.RootElement.GetProperty("metadata").GetProperty("name").GetString()!;
        json.RootElement.TryGetProperty("status", out var status);
        return new(name, Text(status, "phase"), Text(status, "stage"), Text(status, "firmware"), Text(status, "bootId"),
            Value(status, "ready") is { ValueKind: JsonValueKind.True });
    }

    private static string Text(JsonElement map, string key) => Value(map, key)?.GetString() ?? "";

    private static JsonElement? Value(JsonElement map, string key) =>
        map.ValueKind == JsonValueKind.Object && map.TryGetProperty(key, out var value) ? value : null;
}
