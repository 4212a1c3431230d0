namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>One of the servers that do the same work.</summary>
/// <param name="Round">Does the work once and says how much of the unit that was.</param>
/// <param name="Memory">Megabytes that it holds; asked when the rounds are over.</param>
internal sealed record Contender(string Name, Func<Task<double>> Round, Func<double> Memory);

/// <summary>The agent beside others at the same work.</summary>
/// <param name="What">The work, for the table and the last line.</param>
/// <param name="Unit">Of a round's figure.</param>
/// <param name="MoreIsBetter">False when the figure is a time.</param>
/// <param name="Budget">What the median of the rounds' ratios must reach (design.md 6).</param>
internal sealed record Comparison(string What, string Unit, bool MoreIsBetter, double Budget)
{
    /// <summary>In the unit: what the agent is measured against instead of the best of the others. Null: them.</summary>
    public double? Limit { get; init; }

    public required Contender Agent { get; init; }

    public required Contender[] Others { get; init; }

    /// <summary>
    /// Rounds in turn, each with another one first, so that whatever else the machine does meets all of them. The ratio is taken within a
    /// round, against the best of the others; one round before them warms up and is not counted.
    /// </summary>
    public async Task<Compared> RunAsync(int rounds)
    {
        Contender[] all = [Agent, .. Others];
        var figures = all.ToDictionary(contender => contender, _ => new List<double>());
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < all.Length; i++)
            {
                var contender = all[(i + round + 1) % all.Length];
                var figure = await contender.Round();
                if (round >= 0)
                    figures[contender].Add(figure);
            }
        }
        var ratios = Enumerable.Range(0, rounds).Select(round => Ratio(figures[Agent][round], Limit is { } limit ? [limit] : Others.Select(other => figures[other][round])));
        return new(this, [.. all.Select(c => (c.Name, Spread.Of(figures[c]), c.Memory()))], Spread.Of(ratios));
    }

    private double Ratio(double ours, IEnumerable<double> theirs) => MoreIsBetter ? ours / theirs.Max() : theirs.Min() / ours;
}

/// <summary>What a comparison gave.</summary>
/// <param name="Ratio">The agent against the best of the others, or against the limit; above 1 the agent is better.</param>
internal sealed record Compared(Comparison Of, (string Name, Spread Figure, double Memory)[] Contenders, Spread Ratio);

/// <summary>The middle and the ends of some figures.</summary>
internal readonly record struct Spread(double Lowest, double Median, double Highest)
{
    public static Spread Of(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return new(sorted[0], (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[^1]);
    }
}
