namespace Cozy.Fleet.Conventions;

/// <summary>How the tests state what a rule found.</summary>
internal static class Verdict
{
    /// <summary>The tree keeps a rule: nothing was found. Otherwise the test's message is the list of places.</summary>
    public static void Clean(IEnumerable<Violation> found)
    {
        var places = found.Select(v => v.ToString()).ToList();
        Assert.True(places.Count == 0, $"{places.Count} places break this rule:\n{string.Join('\n', places)}");
    }

    /// <summary>A bad sample is found, at these lines and no others.</summary>
    public static void FoundAt(IEnumerable<Violation> found, params int[] lines) => Assert.Equal(lines, found.Select(v => v.Line));
}
