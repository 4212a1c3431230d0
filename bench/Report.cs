using System.Globalization;

namespace Cozy.Fleet.Bench;

/// <summary>A table with a row for each measurement; the last line has the figures alone, for scripts.</summary>
internal static class Report
{
    public static void Print(TextWriter to, IReadOnlyList<Measurement> measured)
    {
        to.WriteLine($"{"",-30} {"median",18} {"lowest",18} {"highest",18} {"spread",8}");
        foreach (var m in measured)
            to.WriteLine($"{m.Name,-30} {Show(m, m.Median),18} {Show(m, m.PerSecond.Min()),18} {Show(m, m.PerSecond.Max()),18} {Percent(m.Spread),8}");
        to.WriteLine();
        to.WriteLine(string.Join("; ", measured.Select(m => $"{m.Name}: {Show(m, m.Median)}")));
    }

    private static string Show(Measurement measured, double value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value / measured.Unit.Size:N0} {measured.Unit.Name}");

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0} %");
}
