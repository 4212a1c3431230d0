using Cozy.Fleet.Conventions.Rules;

namespace Cozy.Fleet.Conventions;

public sealed class DocumentsTests
{
    private static readonly string[] Known = ["src/A/One.cs", "src/A/Two.cs", "src/Agent/Boot/X.cs", "docs/adding/rpc.md", "docs/map.md", "README.md"];

    [Fact]
    public void What_the_documents_point_to_exists() => Verdict.Clean(Repository.Files([""], ".md")
        .Where(f => f.Path == "README.md" || f.Path.StartsWith("docs/", StringComparison.Ordinal))
        .SelectMany(f => Documents.DeadPaths(f, Repository.Exists)));

    [Theory]
    [InlineData("docs/map.md", "[one](adding/rpc.md)", 0)]
    [InlineData("docs/map.md", "[one](adding/rpc.md#steps) [two](#here) [three](https://example.org/docs)", 0)]
    [InlineData("docs/adding/rpc.md", "[up](../map.md), [top](../../README.md)", 0)]
    [InlineData("docs/map.md", "[gone](adding/gone.md)", 1)]
    [InlineData("docs/map.md", "![picture](picture.svg)", 1)]
    [InlineData("docs/map.md", "see `src/A/One.cs`, and src/A/Two.cs.", 0)]
    [InlineData("docs/map.md", "see src/A/Three.cs and `tests/Gone`", 2)]
    [InlineData("docs/map.md", "`src/A/{One,Two}.cs`", 0)]
    [InlineData("docs/map.md", "`src/A/{One,Three}.cs`", 1)]
    [InlineData("docs/map.md", "`src/A/*.cs`", 0)]
    [InlineData("docs/map.md", "`Agent/Boot/X.cs` and `Agent/Boot/Y.cs`", 1)]
    [InlineData("docs/map.md", "dotnet src/A/bin/Release/a.dll", 0)]
    public void A_path_is_looked_up_from_the_root_and_a_link_from_its_document(string path, string text, int dead) =>
        Assert.Equal(dead, Documents.DeadPaths(new(path, text), IsKnown).Count());

    [Fact]
    public void A_dead_path_is_found_where_it_stands() =>
        Verdict.FoundAt(Documents.DeadPaths(new("README.md", "fine\n\nsrc/Gone\n"), IsKnown), 3);

    private static bool IsKnown(string path) => path.Contains('*')
        ? Known.Any(k => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(path, k, ignoreCase: false))
        : Known.Contains(path);
}
