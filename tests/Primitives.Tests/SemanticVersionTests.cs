using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Primitives.Tests;

public sealed class SemanticVersionTests
{
    // The order of semver.org, with Talos' own tags among them.
    private static readonly string[] Ordered =
    [
        "v1.12.11", "v1.13.0-alpha.1", "v1.13.0-alpha.2", "v1.13.0-alpha.10", "v1.13.0-beta", "v1.13.0-rc.0", "v1.13.0",
        "v1.13.9", "v1.14.0-rc.1", "v1.14.0", "v2.0.0",
    ];

    public static TheoryData<string, string> Neighbours =>
        [.. Ordered.Zip(Ordered.Skip(1), (a, b) => new TheoryDataRow<string, string>(a, b))];

    [Theory, MemberData(nameof(Neighbours))]
    public void Older_comes_before_newer(string older, string newer)
    {
        Assert.True(SemanticVersion.Parse(older) < SemanticVersion.Parse(newer));
        Assert.True(SemanticVersion.Parse(newer) > SemanticVersion.Parse(older));
    }

    [Theory]
    [InlineData("1.13.9", "v1.13.9")]
    [InlineData("v1.13.0-rc.1", "v1.13.0-rc.1")]
    [InlineData("v1.13.9+build", "v1.13.9")]
    public void The_text_form_has_a_leading_v(string text, string expected) =>
        Assert.Equal(expected, SemanticVersion.Parse(text).ToString());

    [Theory]
    [InlineData("v1.13")]
    [InlineData("latest")]
    [InlineData("v1.13.9 ")]
    [InlineData("v1.13.99999999999")]
    [InlineData(null)]
    public void What_is_not_a_version_is_refused(string? text) => Assert.False(SemanticVersion.TryParse(text, out _));

    [Fact]
    public void A_prerelease_counts_for_its_minor() => Assert.True(SemanticVersion.Parse("v1.13.0-alpha.2").IsAtLeast(1, 13));
}
