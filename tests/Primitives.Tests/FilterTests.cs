using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Primitives.Tests;

public sealed class FilterTests
{
    private static readonly Dictionary<string, string[]> Node = new()
    {
        ["status.rack"] = ["r1"],
        ["status.facts.manufacturer"] = ["Dell Inc."],
        ["status.macs"] = ["52:54:00:00:00:01", "52:54:00:00:00:02"],
    };

    [Theory]
    [InlineData("", true)]
    [InlineData("*", true)]
    [InlineData("status.rack = r1", true)]
    [InlineData("status.rack=\"R1\"", true)]
    [InlineData("status.rack = r2", false)]
    [InlineData("status.rack != r2", true)]
    [InlineData("status.macs = 52:54:00:00:00:02", true)]
    [InlineData("status.macs != 52:54:00:00:00:02", false)]
    [InlineData("status.facts.manufacturer = \"Dell Inc.\" AND status.rack = r1", true)]
    [InlineData("status.facts.manufacturer = \"Dell Inc.\" AND status.rack = r2", false)]
    [InlineData("status.unknown = x", false)]
    [InlineData("status.unknown != x", true)]
    public void Terms_are_compared_with_the_values_at_their_path(string text, bool expected)
    {
        Assert.True(Filter.TryParse(text, out var filter, out var refusal), refusal);
        Assert.Equal(expected, filter.Matches(path => Node.GetValueOrDefault(path, [])));
    }

    [Theory]
    [InlineData("status.rack", "'status.rack' is not a term")]
    [InlineData("status.rack = r1 OR status.rack = r2", "expected AND before 'OR status.rack = r2'")]
    [InlineData("status.rack = \"r1", "is not a term")]
    [InlineData("status.rack = r1 AND", "'' is not a term")]
    public void What_is_not_a_filter_is_refused_with_the_place(string text, string expected)
    {
        Assert.False(Filter.TryParse(text, out _, out var refusal));
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
    }
}
