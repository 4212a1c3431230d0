namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>Prints comparisons; its last line holds the scores.</summary>
internal static class Table
{
    /// <returns>The exit code: with the check asked for, 1 when a budget is missed.</returns>
    public static int Print(string bench, IReadOnlyList<Compared> results, bool check)
    {
        Console.WriteLine($"| {"What",-28} | {"Server",-12} | {"Median",10} | {"Lowest",10} | {"Highest",10} | {"Unit",-8} | {"Memory MB",9} |");
        Console.WriteLine($"|{Line(30)}|{Line(14)}|{Line(11)}:|{Line(11)}:|{Line(11)}:|{Line(10)}|{Line(10)}:|");
        foreach (var result in results)
        {
            foreach (var (name, figure, memory) in result.Contenders)
            {
                Console.WriteLine($"| {result.Of.What,-28} | {name,-12} | {figure.Median,10:N2} | {figure.Lowest,10:N2} | {figure.Highest,10:N2} "
                    + $"| {result.Of.Unit,-8} | {memory,9:N1} |");
            }
        }
        var missed = results.Where(result => Math.Round(result.Score.Median, 2) < result.Of.Budget).ToList(); // As precise as it is printed.
        foreach (var result in missed)
            Console.WriteLine($"{bench}: {result.Of.What} misses its budget: {result.Score.Median:F2}, and {result.Of.Budget:F2} is asked for");
        Console.WriteLine($"{bench}: " + string.Join("; ", results.Select(Words)));
        return check && missed.Count > 0 ? 1 : 0;
    }

    private static string Words(Compared of) =>
        $"{of.Of.What} {of.Score.Median:F2} ({of.Score.Lowest:F2} to {of.Score.Highest:F2}) {Against(of.Of)}";

    private static string Against(Comparison of) => of switch
    {
        { CountsDifference: true } => $"{of.Unit} less than the best other",
        { Limit: { } limit, Floor: not null } => $"of {limit:0.#} {of.Unit}, or of what the machine itself takes",
        { Limit: { } limit } => $"of {limit:0.#} {of.Unit}",
        _ => "of the best other",
    };

    private static string Line(int width) => new('-', width);
}
