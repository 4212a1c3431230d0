namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>One of the servers that do the same work.</summary>
/// <param name="Round">Does the work once and says how much of the unit that was.</param>
/// <param name="Memory">Megabytes that it holds; asked when the rounds are over.</param>
internal sealed record Contender(string Name, Func<Task<double>> Round, Func<double> Memory);

/// <summary>The agent beside others at the same work.</summary>
/// <param name="What">The work, for the table and the last line.</param>
/// <param name="Unit">Of a round's figure.</param>
/// <param name="MoreIsBetter">False when the figure is a time.</param>
/// <param name="Budget">What the median of the rounds' scores must reach (design.md 6).</param>
internal sealed record Comparison(string What, string Unit, bool MoreIsBetter, double Budget)
{
    /// <summary>In the unit: what the agent is measured against instead of the best of the others. Null: them.</summary>
    public double? Limit { get; init; }

    /// <summary>What this machine itself takes, measured in each round: where that is above the limit, it is the limit. Null: the limit holds anywhere.</summary>
    public Contender? Floor { get; init; }

    /// <summary>The score is how much less the agent takes than the best of the others, in the unit, and not their ratio.</summary>
    public bool CountsDifference { get; init; }

    public required Contender Agent { get; init; }

    public required Contender[] Others { get; init; }

    /// <summary>
    /// Rounds in turn, each with another one first, so that whatever else the machine does meets all of them; one round before them warms up
    /// and is not counted. The score is taken within a round, against the one whose median is the best of the others: the best of each round
    /// would set the luck of three servers against that of one.
    /// </summary>
    public async Task<Compared> RunAsync(int rounds)
    {
        Contender[] all = Floor is null ? [Agent, .. Others] : [Agent, .. Others, Floor];
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
        var best = Others.Select(other => figures[other]).MaxBy(f => Spread.Of(f).Median * (MoreIsBetter ? 1 : -1))!;
        var scores = figures[Agent].Select((ours, round) =>
            Score(ours, Limit is not { } limit ? best[round] : Floor is null ? limit : Math.Max(limit, figures[Floor][round])));
        return new(this, [.. all.Select(c => (c.Name, Spread.Of(figures[c]), c.Memory()))], Spread.Of(scores));
    }

    private double Score(double ours, double theirs) =>
        CountsDifference ? theirs - ours : MoreIsBetter ? ours / theirs : theirs / ours;
}

/// <summary>What a comparison gave.</summary>
/// <param name="Score">Of the agent, against the best of the others or the limit: a ratio, good above 1, or a difference, good above 0.</param>
internal sealed record Compared(Comparison Of, (string Name, Spread Figure, double Memory)[] Contenders, Spread Score);

/// <summary>The middle and the ends of some figures.</summary>
internal readonly record struct Spread(double Lowest, double Median, double Highest)
{
    public static Spread Of(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return new(sorted[0], (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[^1]);
    }
}
