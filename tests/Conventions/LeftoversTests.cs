using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class LeftoversTests
{
    [Fact]
    public void Every_note_of_work_to_do_names_its_issue() => Verdict.Clean(Repository
        .Files([""], ".cs", ".proto", ".sh", ".md", ".yaml", ".service", ".csproj", ".props", "fleet", ".ci/run")
        .SelectMany(Leftovers.UnnumberedNotes));

    [Fact]
    public void No_test_is_switched_off() => Verdict.Clean(Repository.Files(["tests"], ".cs").SelectMany(Leftovers.SkippedTests));

    [Theory]
    [InlineData("a.cs", "// T_ODO: later", true)]
    [InlineData("a.cs", "/* F_IXME */ class C;", true)]
    [InlineData("a.cs", "/// <summary>T_ODO</summary>\nclass C;", true)]
    [InlineData("a.cs", "// T_ODO #12: later", false)]
    [InlineData("a.cs", "class C { string s = \"T_ODO\"; }", false)]
    [InlineData("a.sh", "f # F_IXME", true)]
    [InlineData("a.md", "T_ODOs are listed in #3", false)]
    public void A_note_needs_an_issue_number(string path, string text, bool found) =>
        Assert.Equal(found, Leftovers.UnnumberedNotes(new(path, text.Replace("_", "", StringComparison.Ordinal))).Any());

    [Fact]
    public void A_note_is_found_where_it_stands() =>
        Verdict.FoundAt(Leftovers.UnnumberedNotes(new("a.cs", "class C;\n/* one\n   two T_ODO */\n".Replace("_", "", StringComparison.Ordinal))), 3);

    [Theory]
    [InlineData("[Fact(Skip = \"slow\")]", true)]
    [InlineData("[Theory, InlineData(1, Skip = \"broken\")]", true)]
    [InlineData("[Fact(Explicit = true)]", true)]
    [InlineData("[Fact(Timeout = 1000)]", false)]
    [InlineData("[Fact]", false)]
    public void A_switched_off_test_is_found(string attribute, bool found) =>
        Assert.Equal(found, Leftovers.SkippedTests(new("a.cs", $"class C {{ {attribute} public void M() {{ }} }}")).Any());
}
