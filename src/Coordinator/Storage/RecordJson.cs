using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>How records are written: one JSON form for grain states, for the rows that lists read, and between grains.</summary>
public static class RecordJson
{
    // Names, not numbers: a stored value keeps its meaning when an enum grows in the middle.
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.General)
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static T Read<T>(ReadOnlyMemory<byte> data)
        where T : class =>
        JsonSerializer.Deserialize<T>(data.Span, Options) ?? throw new JsonException($"A stored {typeof(T).Name} is null.");

    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);
}
