namespace Cozy.Fleet.Conventions;

/// <summary>A place that breaks a convention, and what to do about it.</summary>
internal readonly record struct Finding(string Path, int Line, string What)
{
    public override string ToString() => $"{Path}:{Line}: {What}";

    /// <summary>Fails with all findings, one a line.</summary>
    public static void AssertNone(IEnumerable<Finding> findings)
    {
        var found = findings.Select(finding => finding.ToString()).Order(StringComparer.Ordinal).ToList();
        Assert.True(found.Count == 0, string.Join('\n', found.Prepend($"{found.Count} to mend:")));
    }
}
