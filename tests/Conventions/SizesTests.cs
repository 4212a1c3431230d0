using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class SizesTests
{
    private static readonly string[] Code = ["src", "tests", "bench", "protos", "eng"];

    [Fact]
    public void No_file_is_longer_than_it_may_be() =>
        Verdict.Clean(Repository.Files(Code, ".cs", ".proto", ".sh").SelectMany(Sizes.LongFile));

    [Fact]
    public void No_line_is_longer_than_it_may_be() => Verdict.Clean(Repository.Files(["src"], ".cs").SelectMany(Sizes.LongLines));

    [Fact]
    public void No_method_is_longer_than_it_may_be() =>
        Verdict.Clean(Repository.Files(["src", "tests", "bench"], ".cs").SelectMany(Sizes.LongMethods));

    [Theory, InlineData(499, false), InlineData(500, false), InlineData(501, true)]
    public void A_file_is_measured_in_lines(int lines, bool found) =>
        Assert.Equal(found, Sizes.LongFile(new("a.cs", string.Concat(Enumerable.Repeat("x\n", lines)))).Any());

    [Fact]
    public void A_long_line_is_found_where_it_stands() =>
        Verdict.FoundAt(Sizes.LongLines(new("a.cs", $"short\n{new string('x', 160)}\n{new string('x', 161)}\n")), 3);

    [Theory]
    [InlineData("void M()\n{{\n{0}}}", 67, false)]
    [InlineData("void M()\n{{\n{0}}}", 68, true)]
    [InlineData("C()\n{{\n{0}}}", 68, true)]
    [InlineData("int P\n{{\nget\n{{\n{0}}}\n}}", 68, true)]
    [InlineData("void M()\n{{\nvoid Inner()\n{{\n{0}}}\n}}", 66, true)]
    public void A_method_is_measured_from_its_name_to_its_brace(string method, int statements, bool found)
    {
        var body = string.Concat(Enumerable.Repeat("f();\n", statements));
        var text = "class C\n{\n/// <summary>Not counted.</summary>\n" + string.Format(null, method, body) + "\n}";
        Assert.Equal(found, Sizes.LongMethods(new("a.cs", text)).Any());
    }
}
