using System.Diagnostics;

namespace Cozy.Fleet.Bench;

/// <summary>How figures are shown.</summary>
/// <param name="Size">How much work one unit is: 1,000,000 bytes for MB/s.</param>
internal sealed record Unit(string Name, double Size)
{
    public static readonly Unit Answers = new("answers/s", 1);
    public static readonly Unit Megabytes = new("MB/s", 1_000_000);
}

/// <summary>What was measured: work per second, one figure for each round.</summary>
internal sealed record Measurement(string Name, Unit Unit, double[] PerSecond)
{
    private const int Rounds = 9;

    public double Median => PerSecond.Order().ElementAt(PerSecond.Length / 2);

    /// <summary>How far the rounds lie apart, as a part of the median: (highest − lowest) / median.</summary>
    public double Spread => (PerSecond.Max() - PerSecond.Min()) / Median;

    /// <summary>Runs the work once to warm up and then several times; the work returns how much it did.</summary>
    public static Measurement Of(string name, Unit unit, Func<long> work)
    {
        work();
        var rounds = new double[Rounds];
        for (var i = 0; i < Rounds; i++)
        {
            GC.Collect();
            var started = Stopwatch.GetTimestamp();
            var done = work();
            rounds[i] = done / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        return new(name, unit, rounds);
    }
}
