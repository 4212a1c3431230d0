using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>What happens to machines as lines of JSON.</summary>
internal sealed class EventLines(TextWriter output)
{
    private readonly Lock gate = new(); // Machines report from their own threads; a line stays whole.

    public void Write(MachineEvent happened)
    {
        var line = JsonSerializer.Serialize(happened, EventJson.Default.MachineEvent);
        lock (gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MachineEvent))]
[JsonSerializable(typeof(DiskContents))]
internal sealed partial class EventJson : JsonSerializerContext;
