namespace Cozy.Fleet.Conventions.Projects;

public sealed class ReferenceArrowsTests
{
    private const string Page =
        """
        | Project | What it is | May reference |
        |---|---|---|
        | Base | values | – |
        | Wire | packets | Base |
        | Host | the program | Wire, Base |
        """;

    [Fact]
    public void Projects_reference_what_the_architecture_allows()
    {
        var actual = Repository.Files("src", "*.csproj").ToDictionary(
            path => Path.GetFileNameWithoutExtension(path), path => ReferenceArrows.Actual(Repository.Text(path)));
        Assert.NotEmpty(actual);
        Finding.AssertNone(ReferenceArrows.Check(ReferenceArrows.Allowed(Repository.Text("docs/architecture.md")), actual));
    }

    [Fact]
    public void An_arrow_upward_is_noticed() => Assert.Contains("references Host", Only(Actual("Wire", "Host")), StringComparison.Ordinal);

    [Fact]
    public void A_project_without_a_row_is_noticed() => Assert.Contains("no row", Only(Actual("Extra")), StringComparison.Ordinal);

    [Fact]
    public void A_row_without_a_project_is_noticed()
    {
        var actual = Actual();
        actual.Remove("Host");
        Assert.Contains("row for Host", Only(actual), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_allowed_passes() => Assert.Empty(ReferenceArrows.Check(ReferenceArrows.Allowed(Page), Actual("Host", "Base", "Wire")));

    [Fact]
    public void A_program_that_is_only_started_is_no_arrow() => Assert.Equal(["Base"], ReferenceArrows.Actual(
        """
        <Project><ItemGroup>
          <ProjectReference Include="../Base/Base.csproj" />
          <ProjectReference Include="../Host/Host.csproj" ReferenceOutputAssembly="false" />
        </ItemGroup></Project>
        """));

    private static string Only(Dictionary<string, string[]> actual) =>
        Assert.Single(ReferenceArrows.Check(ReferenceArrows.Allowed(Page), actual)).What;

    private static Dictionary<string, string[]> Actual(string name = "Base", params string[] references) =>
        new() { ["Base"] = [], ["Wire"] = [], ["Host"] = [], [name] = references };
}
