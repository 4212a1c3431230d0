using System.Globalization;
using System.Text.Json;

namespace Cozy.Fleet.Agent.Observe.Hints;

/// <summary>One line of a kernel's log, as the node sent it (talos.md 3.6). Nobody vouches for it.</summary>
/// <param name="Sequence">Ours, from 1 on for each machine; without gaps but for lines that fell out of the ring.</param>
/// <param name="Time">The node's own clock; null when it did not say.</param>
internal sealed record KernelLine(ulong Sequence, DateTimeOffset Received, DateTimeOffset? Time, string Level, string Facility, string Text)
{
    /// <summary>A kernel's line has less than a thousand bytes; the rest of a longer one is cut off.</summary>
    public const int LongestText = 1024;

    private const int LongestWord = 32;

    /// <summary>Reads one JSON object; null for everything else.</summary>
    public static KernelLine? From(ReadOnlyMemory<byte> json, DateTimeOffset received)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = 8 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Word(root, "msg", LongestText) is not { } text)
                return null;
            DateTimeOffset? time = DateTimeOffset.TryParse(
                Word(root, "talos-time", 64), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var told) ? told : null;
            return new(0, received, time, Word(root, "talos-level", LongestWord) ?? "", Word(root, "facility", LongestWord) ?? "", text);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null; // Not JSON, or text that is no UTF-8.
        }
    }

    private static string? Word(JsonElement root, string key, int longest) =>
        root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text
            ? text[..Math.Min(text.Length, longest)].TrimEnd('\n')
            : null;
}

/// <summary>
/// The last lines of each machine's kernel, in memory: what strangers send must not wear out the disk, and what matters is there when it
/// is asked for, soon after it happened. A restart of the agent forgets it; the node's own log has it still.
/// </summary>
internal sealed class KernelLogs
{
    /// <summary>A boot with its usual noise.</summary>
    public const int LinesPerMachine = 1000;

    /// <summary>Long lines leave room for fewer of them.</summary>
    public const int CharactersPerMachine = 128 << 10;

    /// <summary>More than a rack has; all rings together take 64 MiB at most.</summary>
    public const int Machines = 256;

    private readonly Lock gate = new(); // Every connection writes, and readers come from elsewhere.
    private readonly Dictionary<string, Ring> rings = [];
    private long writes;

    public void Add(string machine, KernelLine line)
    {
        lock (gate)
        {
            if (!rings.TryGetValue(machine, out var ring))
            {
                // The machine that has been silent for longest makes room.
                if (rings.Count == Machines)
                    rings.Remove(rings.MinBy(r => r.Value.WrittenAt).Key);
                rings[machine] = ring = new();
            }
            ring.WrittenAt = ++writes;
            ring.Lines.Enqueue(line with { Sequence = ++ring.Last });
            ring.Characters += line.Text.Length;
            while (ring.Lines.Count > LinesPerMachine || ring.Characters > CharactersPerMachine)
                ring.Characters -= ring.Lines.Dequeue().Text.Length;
        }
    }

    /// <summary>The lines after a sequence number, oldest first; 0 reads from the beginning.</summary>
    /// <param name="machine">A MAC address; or a node's name, when the node got its address from another DHCP server.</param>
    public IReadOnlyList<KernelLine> Read(string machine, ulong after, int most)
    {
        lock (gate)
            return rings.TryGetValue(machine, out var ring) ? [.. ring.Lines.SkipWhile(l => l.Sequence <= after).Take(most)] : [];
    }

    private sealed class Ring
    {
        public Queue<KernelLine> Lines { get; } = new();

        public int Characters { get; set; }

        public ulong Last { get; set; }

        public long WrittenAt { get; set; }
    }
}
