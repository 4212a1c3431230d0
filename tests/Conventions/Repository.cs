using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Conventions;

/// <summary>The files of this repository as people wrote them: no build output, no run output.</summary>
internal static class Repository
{
    private static readonly string[] Ours = ["src", "tests", "bench", "eng"];
    private static readonly string[] Generated = ["bin", "obj", ".run", ".git", "node_modules", "TestResults"];
    private static readonly Lazy<IReadOnlyList<SourceFile>> Read = new(
        () => [.. Ours.SelectMany(folder => Files(folder, "*.cs")).Select(path => new SourceFile(path, Text(path)))]);

    public static string Root { get; } = FindRoot();

    /// <summary>Every C# file.</summary>
    public static IReadOnlyList<SourceFile> Sources => Read.Value;

    /// <summary>Paths from the root, with forward slashes.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.Exists(Path.Combine(Root, folder))
            ? Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Root, file))
                .Where(path => !path.Split('/').Any(Generated.Contains))
            : [];

    public static string Text(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
