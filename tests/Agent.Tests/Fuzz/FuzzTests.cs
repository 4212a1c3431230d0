using System.Diagnostics;
using System.Globalization;

namespace Cozy.Fleet.Agent.Tests.Fuzz;

/// <summary>
/// Mutated input through the agent's own functions: nothing throws, what they promise holds, and memory stays flat. `./fleet fuzz` runs it longer;
/// a failure prints the seed and the input.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int CountInSuite = 30_000;
    private const long MemoryGrowth = 16 << 20;

    [Theory]
    [InlineData("dhcp")]
    [InlineData("dhcp6")]
    [InlineData("tftp")]
    [InlineData("script")]
    [InlineData("http")]
    public void Whatever_strangers_send_is_answered_or_refused(string name)
    {
        var (seed, count) = (Setting("COZY_FLEET_FUZZ_SEED", 20261125), Setting("COZY_FLEET_FUZZ_COUNT", CountInSuite));
        using var http = new HttpTarget();
        var target = new IFuzzTarget[] { new DhcpTarget(), new Dhcp6Target(), new TftpTarget(), new ScriptTarget(), http }.Single(t => t.Name == name);
        var mutator = new Mutator(new Random(seed));
        Run(target, mutator, count / 10, seed); // Caches and tables fill.
        var (before, clock) = (GC.GetTotalMemory(forceFullCollection: true), Stopwatch.StartNew());
        Run(target, mutator, count - (count / 10), seed);
        clock.Stop();
        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"fuzz {name}: {count} inputs, seed {seed}, {0.9 * count / clock.Elapsed.TotalSeconds:F0} inputs/s, memory grew by {growth / 1024} KiB"));
        Assert.True(growth < MemoryGrowth, $"seed {seed}: memory grew by {growth} bytes in {count} inputs");
    }

    private static void Run(IFuzzTarget target, Mutator mutator, int count, int seed)
    {
        for (var i = 0; i < count; i++)
        {
            var input = mutator.Mutate(target.Samples);
            try
            {
                target.Run(input);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"{target.Name}, seed {seed}, input {Convert.ToHexStringLower(input)}: {failure.Message}", failure);
            }
        }
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
