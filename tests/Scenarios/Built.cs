using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Scenarios;

/// <summary>The programs as they were built together with these tests.</summary>
internal static class Built
{
    public static string Root { get; } = FindRoot();

    public static string Program(string project, string assembly) =>
        Path.Combine(Root, "src", project, "bin", Configuration(), "net10.0", assembly + ".dll");

    // The tests' own path tells the configuration that they were built with.
    private static string Configuration() =>
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
