namespace Cozy.Fleet.Cli.Kinds;

/// <summary>A line of `describe`. Without a text it is a heading for the deeper ones that follow; without a heading, a row.</summary>
internal sealed record Line(string Heading, string Text = "", int Depth = 0)
{
    /// <summary>Lines below a heading; nothing at all when there are none.</summary>
    public static IEnumerable<Line> Section(string heading, IEnumerable<string> rows)
    {
        var found = rows.ToArray();
        return found.Length == 0 ? [] : [new(heading), .. found.Select(row => new Line("", row, 1))];
    }

    /// <summary>Only lines that say something.</summary>
    public static IEnumerable<Line> Pairs(params (string Heading, string Text)[] pairs) =>
        pairs.Where(pair => pair.Text != "").Select(pair => new Line(pair.Heading, pair.Text));
}
