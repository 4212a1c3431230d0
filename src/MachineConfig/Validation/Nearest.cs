namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>The word that was probably meant.</summary>
internal static class Nearest
{
    /// <summary>", did you mean …" with the nearest of the candidates, when one is near; else empty.</summary>
    public static string Hint(string word, IEnumerable<string> candidates)
    {
        var best = candidates.Select(c => (Word: c, Distance: Distance(word.ToLowerInvariant(), c.ToLowerInvariant())))
            .MinBy(c => c.Distance);
        return best.Word is not null && best.Distance <= Math.Max(1, word.Length / 3) ? $"; did you mean {best.Word}" : "";
    }

    // Edits of one letter that turn one word into the other (Levenshtein).
    private static int Distance(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var (diagonal, left) = (row[0], row[0] = i);
            for (var j = 1; j <= to.Length; j++)
            {
                left = Math.Min(Math.Min(row[j], left) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                (diagonal, row[j]) = (row[j], left);
            }
        }
        return row[^1];
    }
}
