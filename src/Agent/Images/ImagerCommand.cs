namespace Cozy.Fleet.Agent.Images;

/// <summary>The argument list that runs the imager. What replaces a placeholder is part of one argument, whatever is in it.</summary>
internal static class ImagerCommand
{
    /// <summary>A directory for the result. A command without it writes a tar to its standard output.</summary>
    public const string Output = "{output}";

    private const string Version = "{version}";
    private const string Arch = "{arch}";
    private const string Id = "{id}";

    public static IReadOnlyList<string> Placeholders { get; } = [Version, Arch, Id, Output];

    public static bool WritesTar(IEnumerable<string> command) => !command.Any(a => a.Contains(Output, StringComparison.Ordinal));

    public static IEnumerable<string> Fill(IEnumerable<string> command, (string Version, string Arch, string Id) build, string output) =>
        command.Select(argument => argument
            .Replace(Version, build.Version, StringComparison.Ordinal)
            .Replace(Arch, build.Arch, StringComparison.Ordinal)
            .Replace(Id, build.Id, StringComparison.Ordinal)
            .Replace(Output, output, StringComparison.Ordinal));
}
