using System.Globalization;
using System.Text;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// The difference between two configs as a dry run shows it (talos.md 5.7): hunks of a unified diff from 1.8 on, before that every line
/// with its mark, as Go's comparison of structures prints fields.
/// </summary>
internal static class ConfigDiff
{
    private const int Context = 3;

    /// <returns>Empty when there is none.</returns>
    public static string Of(string old, string @new, bool isUnified)
    {
        var lines = Compare(Lines(old), Lines(@new));
        if (lines.TrueForAll(line => line.Mark == ' '))
            return "";
        return isUnified ? "--- a\n+++ b\n" + Hunks(lines) : string.Concat(lines.Where(l => l.Mark != ' ').Select(l => $"{l.Mark} \t{l.Text}\n"));
    }

    private static string[] Lines(string text) => text == "" ? [] : text.TrimEnd('\n').Split('\n');

    // The longest common subsequence, from the end.
    private static List<(char Mark, string Text)> Compare(string[] old, string[] @new)
    {
        var common = new int[old.Length + 1, @new.Length + 1];
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = @new.Length - 1; j >= 0; j--)
                common[i, j] = old[i] == @new[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        }
        var (lines, a, b) = (new List<(char, string)>(), 0, 0);
        while (a < old.Length || b < @new.Length)
        {
            if (a < old.Length && b < @new.Length && old[a] == @new[b])
            {
                lines.Add((' ', old[a++]));
                b++;
            }
            else if (a < old.Length && (b == @new.Length || common[a + 1, b] >= common[a, b + 1]))
                lines.Add(('-', old[a++]));
            else
                lines.Add(('+', @new[b++]));
        }
        return lines;
    }

    private static string Hunks(List<(char Mark, string Text)> lines)
    {
        var text = new StringBuilder();
        for (var at = lines.FindIndex(l => l.Mark != ' '); at >= 0;)
        {
            var (begin, last) = (Math.Max(0, at - Context), at);
            // Changes whose contexts touch are one hunk.
            for (var next = at; next < lines.Count && next <= last + 2 * Context; next++)
                last = lines[next].Mark != ' ' ? next : last;
            var end = Math.Min(lines.Count, last + Context + 1);
            text.Append(CultureInfo.InvariantCulture, $"@@ -{Range(lines, begin, end, '+')} +{Range(lines, begin, end, '-')} @@\n");
            foreach (var (mark, line) in lines[begin..end])
                text.Append(mark).Append(line).Append('\n');
            at = lines.FindIndex(end, l => l.Mark != ' ');
        }
        return text.ToString();
    }

    // First line and number of lines on one side: those that bear the other side's mark are not there.
    private static string Range(List<(char Mark, string Text)> lines, int begin, int end, char other)
    {
        var (before, count) = (lines[..begin].Count(l => l.Mark != other), lines[begin..end].Count(l => l.Mark != other));
        return $"{(count == 0 ? before : before + 1)},{count}";
    }
}
