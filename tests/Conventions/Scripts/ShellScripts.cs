using System.Diagnostics;

namespace Cozy.Fleet.Conventions.Scripts;

/// <summary>Scripts are parsed without being run.</summary>
internal static class ShellScripts
{
    /// <summary>Known by the ending, or by an interpreter in the first line whose name ends with sh.</summary>
    public static bool IsScript(string path, string text) => path.EndsWith(".sh", StringComparison.Ordinal)
        || (text.StartsWith("#!", StringComparison.Ordinal) && text.Split('\n')[0].TrimEnd().EndsWith("sh", StringComparison.Ordinal));

    public static async Task<IReadOnlyList<Finding>> CheckAsync(string path, string text, CancellationToken cancellationToken)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", "-n") { RedirectStandardInput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException("bash did not start.");
        var errors = bash.StandardError.ReadToEndAsync(cancellationToken);
        await bash.StandardInput.WriteAsync(text.AsMemory(), cancellationToken);
        bash.StandardInput.Close();
        await bash.WaitForExitAsync(cancellationToken);
        var message = (await errors).Trim();
        return bash.ExitCode == 0 && message == "" ? [] : [new(path, 1, message)];
    }
}
