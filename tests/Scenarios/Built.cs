using System.Runtime.CompilerServices;

namespace Cozy.Fleet.Scenarios;

/// <summary>The programs as they were built together with these tests.</summary>
internal static class Built
{
    public static string Root { get; } = FindRoot();

    public static string Program(string project, string assembly) =>
        Path.Combine(Root, "src", project, "bin", Configuration(), "net10.0", assembly + ".dll");

    /// <summary>The agent as people install it; null when it was not published (without root, ./fleet test makes none).</summary>
    public static string? NativeAgent { get; } = Path.Combine(Root, ".run/native/cozy-fleet-agent") is var file && File.Exists(file) ? file : null;

    // The tests' own path tells the configuration that they were built with.
    private static string Configuration() =>
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
