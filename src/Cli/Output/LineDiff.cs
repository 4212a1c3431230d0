namespace Cozy.Fleet.Cli.Output;

/// <summary>A line of a difference: ' ' in both, '-' only before, '+' only after.</summary>
internal sealed record DiffLine(char Sign, string Text);

/// <summary>The shortest difference of two texts, line by line.</summary>
internal static class LineDiff
{
    private const int Context = 3;

    public static IReadOnlyList<DiffLine> Of(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var common = CommonLengths(before, after);
        var found = new List<DiffLine>();
        var (i, j) = (0, 0);
        while (i < before.Count || j < after.Count)
        {
            if (i < before.Count && j < after.Count && before[i] == after[j])
            {
                i += Add(found, ' ', before[i]);
                j++;
            }
            else if (j >= after.Count || (i < before.Count && common[i + 1, j] >= common[i, j + 1]))
                i += Add(found, '-', before[i]);
            else
                j += Add(found, '+', after[j]);
        }
        return found;
    }

    /// <summary>Without what is far from any change; each gap is one line.</summary>
    public static IEnumerable<DiffLine> Near(IReadOnlyList<DiffLine> lines)
    {
        var changed = lines.Index().Where(line => line.Item.Sign != ' ').Select(line => line.Index).ToArray();
        var inGap = false;
        foreach (var (index, line) in lines.Index())
        {
            var isNear = changed.Any(place => Math.Abs(place - index) <= Context);
            if (isNear)
                yield return line;
            else if (!inGap)
                yield return new('@', "@@");
            inGap = !isNear;
        }
    }

    private static int Add(List<DiffLine> lines, char sign, string text)
    {
        lines.Add(new(sign, text));
        return 1;
    }

    /// <summary>The length of the longest common part of both rests, for each pair of places.</summary>
    private static int[,] CommonLengths(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var lengths = new int[before.Count + 1, after.Count + 1];
        for (var i = before.Count - 1; i >= 0; i--)
        {
            for (var j = after.Count - 1; j >= 0; j--)
                lengths[i, j] = before[i] == after[j] ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
        }
        return lengths;
    }
}
