namespace Cozy.Fleet.Conventions.Docs;

public sealed class DocReferencesTests
{
    [Fact]
    public void Pages_point_at_what_exists()
    {
        string[] pages = ["README.md", .. Repository.Files("docs", "*.md"), .. Repository.Files("deploy", "*.md")];
        Assert.All(pages, page => Assert.True(Repository.Exists(page), page));
        Finding.AssertNone(pages.SelectMany(page => DocReferences.Check(page, Repository.Text(page), Repository.Exists)));
    }

    [Theory]
    [InlineData("[gone](gone.md)")]
    [InlineData("[gone](../src/Gone)")]
    [InlineData("see `src/Gone/Gone.cs` for it")]
    [InlineData("see `Agent/Gone.cs` for it")]
    [InlineData("the two in `src/{Here,Gone}`")]
    public void They_notice(string line) => Assert.Single(DocReferences.Check("docs/page.md", "# Page\n" + line, Exists));

    [Theory]
    [InlineData("[here](page.md#part) and [outside](https://talos.dev/gone)")]
    [InlineData("[up](../README.md)")]
    [InlineData("`src/Here`, `Here/File.cs`, `clusters/NAME`, `/readyz`, `.run/demo`, `http://AGENT/assets/SHA256`")]
    [InlineData("```\n`src/Gone`\n```")]
    public void They_leave_alone(string line) => Assert.Empty(DocReferences.Check("docs/page.md", line, Exists));

    private static bool Exists(string path) => path is "docs/page.md" or "README.md" or "src/Here" or "src/Here/File.cs";
}
