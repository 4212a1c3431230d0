namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>Makes strangers' input from good input: a few changes, of the kinds that break parsers.</summary>
internal sealed class Mutator(Random random)
{
    private const int MostChanges = 4;
    private const int LongestInput = 1500;

    private static readonly byte[] Telling = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, (byte)'/', (byte)'.', (byte)'%', (byte)'$', (byte)'{', (byte)'\n'];

    public byte[] Mutate(IReadOnlyList<byte[]> samples)
    {
        var input = samples[random.Next(samples.Count)].ToList();
        for (var changes = random.Next(1, MostChanges + 1); changes > 0 && input.Count > 0; changes--)
            Change(input, samples[random.Next(samples.Count)]);
        return [.. input.Take(LongestInput)];
    }

    private void Change(List<byte> input, byte[] other)
    {
        var at = random.Next(input.Count);
        var count = random.Next(1, Math.Min(32, input.Count - at) + 1);
        switch (random.Next(8))
        {
            case 0:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                input[at] = Telling[random.Next(Telling.Length)];
                break;
            case 2:
                input[at] = (byte)random.Next(256);
                break;
            case 3:
                input.RemoveRange(at, input.Count - at);
                break;
            case 4:
                input.RemoveRange(at, count);
                break;
            case 5:
                input.InsertRange(at, input.GetRange(at, count));
                break;
            case 6:
                input.InsertRange(at, Enumerable.Repeat(Telling[random.Next(Telling.Length)], random.Next(1, 300)));
                break;
            default:
                // The beginning of one and the end of another.
                input.RemoveRange(at, input.Count - at);
                input.AddRange(other.Skip(random.Next(other.Length + 1)));
                break;
        }
    }
}
