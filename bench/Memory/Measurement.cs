using System.Diagnostics;

namespace Cozy.Fleet.Bench.Memory;

/// <summary>Something that is done over and over, and how much of its unit one turn is worth.</summary>
/// <param name="Figure">The short name in the last line.</param>
internal sealed record Measurement(string Name, string Figure, string Unit, double WorthOfOneTurn, Action Turn)
{
    private const int Rounds = 5;
    private static readonly TimeSpan RoundLength = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The median of some rounds, after one that nobody counts: it is there for the compiler. A median, because a machine that
    /// does something else for a moment spoils one round and not the figure.
    /// </summary>
    public Result Run()
    {
        Round();
        var rates = Enumerable.Range(0, Rounds).Select(_ => Round()).Order().ToArray();
        return new(this, rates[Rounds / 2], rates[0], rates[^1]);
    }

    private double Round()
    {
        var start = Stopwatch.GetTimestamp();
        var turns = 0L;
        do
        {
            Turn();
            turns++;
        }
        while (Stopwatch.GetElapsedTime(start) < RoundLength);
        return turns * WorthOfOneTurn / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

/// <summary>What a measurement gave, a second.</summary>
internal sealed record Result(Measurement Of, double Median, double Lowest, double Highest);
