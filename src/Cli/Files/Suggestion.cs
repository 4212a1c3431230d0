namespace Cozy.Fleet.Cli.Files;

/// <summary>The known word that a mistyped one is nearest to.</summary>
internal static class Suggestion
{
    /// <summary>A half-sentence to put behind the complaint; empty when nothing is near.</summary>
    public static string For(string word, IEnumerable<string> known)
    {
        var nearest = known.Select(candidate => (candidate, Distance: Distance(Plain(word), Plain(candidate))))
            .Where(pair => pair.Distance <= Math.Max(1, (word.Length + 1) / 3))
            .OrderBy(pair => pair.Distance).ThenBy(pair => Math.Abs(pair.candidate.Length - word.Length))
            .Select(pair => pair.candidate)
            .FirstOrDefault();
        return nearest is null ? "" : $"; did you mean {nearest}?";
    }

    // Case and underscores are the commonest slips: talos_version, TalosVersion.
    private static string Plain(string word) =>
        word.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>Levenshtein's distance, row by row.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[^1];
    }
}
