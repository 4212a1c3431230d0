using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Conventions;

/// <summary>The source tree, as it lies on disk.</summary>
internal static class Repository
{
    private static readonly string[] Generated = ["bin", "obj", ".git", ".run", "TestResults", "node_modules"];

    public static string Root { get; } = FindRoot();

    private static readonly Lazy<IReadOnlyList<string>> All = new(() => [.. Walk(Root).Order(StringComparer.Ordinal)]);

    /// <summary>Every file below these folders with one of these endings; paths are relative to the root.</summary>
    public static IReadOnlyList<SourceFile> Files(string[] folders, params string[] endings)
    {
        IReadOnlyList<SourceFile> found = [.. All.Value
            .Where(path => folders.Any(f => f == "" || path.StartsWith(f + "/", StringComparison.Ordinal)))
            .Where(path => endings.Any(e => path.EndsWith(e, StringComparison.Ordinal)))
            .Select(Read)];
        // A rule that looks at nothing is always kept: a renamed folder must not switch it off.
        return found.Count > 0 ? found : throw new InvalidOperationException($"There is no {string.Join(" or ", endings)} in {string.Join(", ", folders)}.");
    }

    public static SourceFile Read(string path) => new(path, File.ReadAllText(Path.Combine(Root, path)));

    /// <summary>True for a file or folder; <c>*</c> stands for any characters but a slash.</summary>
    public static bool Exists(string path) => path.Contains('*')
        ? All.Value.Any(p => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(path, p, ignoreCase: false))
        : Path.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
            yield return Path.GetRelativePath(Root, file);
        foreach (var inner in Directory.EnumerateDirectories(folder).Where(d => !Generated.Contains(Path.GetFileName(d))))
        {
            foreach (var file in Walk(inner))
                yield return file;
        }
    }

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
