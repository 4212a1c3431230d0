namespace Cozy.Fleet.Conventions.Projects;

public sealed class SolutionMembersTests
{
    private const string Solution = "Project(\"{1}\") = \"A\", \"src\\A\\A.csproj\", \"{2}\"";

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var projects = new[] { "src", "tests", "bench" }.SelectMany(folder => Repository.Files(folder, "*.csproj")).ToList();
        Assert.NotEmpty(projects);
        Finding.AssertNone(SolutionMembers.Missing(Repository.Text("Cozy.Fleet.sln"), projects));
    }

    [Fact]
    public void A_project_beside_it_is_noticed() =>
        Assert.Equal("src/B/B.csproj", Assert.Single(SolutionMembers.Missing(Solution, ["src/A/A.csproj", "src/B/B.csproj"])).Path);
}
