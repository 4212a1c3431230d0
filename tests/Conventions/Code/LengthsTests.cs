namespace Cozy.Fleet.Conventions.Code;

public sealed class LengthsTests
{
    private static readonly Dictionary<string, string> NoReasons = [];

    [Fact]
    public void Files_are_short() => Finding.AssertNone(Repository.Sources.SelectMany(file => Lengths.OfFile(file, Lengths.LongFiles)));

    [Fact]
    public void Reasons_are_given_for_long_files_only() => Assert.All(Lengths.LongFiles.Keys, path =>
        Assert.Contains(Repository.Sources, file => file.Path == path && file.Lines.Count > Lengths.FileWithoutReason));

    [Fact]
    public void Functions_are_short() => Finding.AssertNone(Repository.Sources.SelectMany(Lengths.OfFunctions));

    [Fact]
    public void Lines_end() => Finding.AssertNone(Repository.Sources.SelectMany(Lengths.OfLines));

    [Fact]
    public void Few_lines_are_wide()
    {
        var (wide, all) = (Repository.Sources.Sum(Lengths.WideLines), Repository.Sources.Sum(file => file.Lines.Count));
        var widest = Repository.Sources.OrderByDescending(Lengths.WideLines).Take(10).Select(file => $"{file.Path}: {Lengths.WideLines(file)}");
        Assert.True(wide <= all * Lengths.WideShare, $"{wide} of {all} lines are wider than {Lengths.WideLine}:\n{string.Join('\n', widest)}");
    }

    [Theory]
    [InlineData(300, 0)]
    [InlineData(301, 1)]
    [InlineData(501, 1)]
    public void Long_files_are_noticed(int lines, int findings) =>
        Assert.Equal(findings, Lengths.OfFile(new("src/A.cs", Repeat("\n", lines - 1)), NoReasons).Count());

    [Theory]
    [InlineData(301, 0)]
    [InlineData(501, 1)]
    public void A_reason_helps_up_to_a_point(int lines, int findings) => Assert.Equal(
        findings, Lengths.OfFile(new("src/A.cs", Repeat("\n", lines - 1)), new Dictionary<string, string> { ["src/A.cs"] = "one table" }).Count());

    [Theory]
    [InlineData("class A { void M() {", "} }", 68, 0)]
    [InlineData("class A { void M() {", "} }", 70, 1)]
    [InlineData("class A { A() {", "} }", 70, 1)]
    [InlineData("class A { int P { get {", "} } }", 70, 1)]
    [InlineData("class A { int[] Table = [", "]; }", 200, 0)]
    public void Long_functions_are_noticed(string head, string tail, int between, int findings) =>
        Assert.Equal(findings, Lengths.OfFunctions(new("src/A.cs", head + Repeat("\n", between) + tail)).Count());

    [Theory]
    [InlineData(180, 0, 1)]
    [InlineData(181, 1, 1)]
    [InlineData(140, 0, 0)]
    public void Long_lines_are_noticed(int columns, int findings, int wide)
    {
        var file = new SourceFile("src/A.cs", "//" + Repeat("x", columns - 2));
        Assert.Equal((findings, wide), (Lengths.OfLines(file).Count(), Lengths.WideLines(file)));
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times)) + (text == "\n" ? "." : "");
}
