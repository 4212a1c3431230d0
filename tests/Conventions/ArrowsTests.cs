using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class ArrowsTests
{
    private static readonly Dictionary<string, string[]> Table = new() { ["Agent"] = ["Dhcp"], ["Cli"] = [], ["Dhcp"] = [], };

    private static readonly Project[] Good =
    [
        new("src/Agent/Agent.csproj", true, ["Dhcp"]),
        new("src/Cli/Cli.csproj", true, []),
        new("src/Dhcp/Dhcp.csproj", false, []),
        new("tests/Agent.Tests/Agent.Tests.csproj", true, ["Agent", "Dhcp"]),
    ];

    private static IEnumerable<SourceFile> ProjectFiles => Repository.Files(["src", "tests", "bench"], ".csproj");

    [Fact]
    public void Projects_reference_each_other_only_as_the_architecture_says() => Verdict.Clean(
        Arrows.Check([.. ProjectFiles.Select(Project.Parse)], Arrows.ReadTable(Repository.Read("docs/architecture.md"))));

    [Fact]
    public void Every_project_is_in_the_solution() =>
        Verdict.Clean(Solution.Missing(Repository.Read("Cozy.Fleet.sln"), ProjectFiles.Select(f => f.Path)));

    [Fact]
    public void Good_arrows_are_accepted() => Assert.Empty(Arrows.Check(Good, Table));

    [Theory]
    [InlineData("src/Dhcp/Dhcp.csproj", "Agent")]
    [InlineData("src/Agent/Agent.csproj", "Cli")]
    [InlineData("src/Stray/Stray.csproj", "")]
    [InlineData("tests/Dhcp.Tests/Dhcp.Tests.csproj", "Agent")]
    [InlineData("tests/Conventions/Conventions.csproj", "Dhcp")]
    [InlineData("bench/Bench.csproj", "Agent")]
    public void An_arrow_that_is_not_in_the_table_is_found(string path, string reference)
    {
        var bad = new Project(path, false, reference == "" ? [] : [reference]);
        Assert.Single(Arrows.Check([.. Good.Where(p => p.Path != path), bad], Table), v => v.Path == path);
    }

    [Fact]
    public void A_row_without_a_project_is_found() =>
        Assert.Equal("docs/architecture.md", Assert.Single(Arrows.Check(Good, new Dictionary<string, string[]>(Table) { ["Gone"] = [] })).Path);

    [Fact]
    public void The_table_is_read_from_its_section_alone()
    {
        var table = Arrows.ReadTable(new("a.md", "## Other\n| X | y | Z |\n## Arrows\ntext\n| Project | What | May |\n|---|---|---|\n| A | a | – |\n| B | b | A, C |\n## End\n| Q | q | – |"));
        Assert.Equal(["A", "B"], table.Keys);
        Assert.Empty(table["A"]);
        Assert.Equal(["A", "C"], table["B"]);
    }

    [Fact]
    public void A_project_that_is_only_built_before_is_no_arrow()
    {
        var project = Project.Parse(new("src/A/A.csproj", """
            <Project><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup><ItemGroup>
              <ProjectReference Include="../B/B.csproj" /><ProjectReference Include="../C/C.csproj" ReferenceOutputAssembly="false" />
            </ItemGroup></Project>
            """));
        Assert.True(project.IsExecutable);
        Assert.Equal(["B"], project.References);
    }

    [Fact]
    public void A_project_beside_the_solution_is_found() => Assert.Contains("src/B/B.csproj", Assert.Single(
        Solution.Missing(new("x.sln", "Project(\"{1}\") = \"A\", \"src\\A\\A.csproj\", \"{2}\""), ["src/A/A.csproj", "src/B/B.csproj"])).Message);
}
