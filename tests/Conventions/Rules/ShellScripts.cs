using System.Diagnostics;

namespace Cozy.Fleet.Conventions.Rules;

/// <summary>Scripts are parsed without being run.</summary>
internal static class ShellScripts
{
    public static bool IsScript(SourceFile file) => file.Path.EndsWith(".sh", StringComparison.Ordinal)
        || (file.Lines[0].StartsWith("#!", StringComparison.Ordinal) && file.Lines[0].TrimEnd().EndsWith("sh", StringComparison.Ordinal));

    public static async Task<IReadOnlyList<Violation>> Unparsable(SourceFile file, CancellationToken cancellationToken)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", "-n") { RedirectStandardInput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException("bash did not start.");
        var errors = bash.StandardError.ReadToEndAsync(cancellationToken);
        await bash.StandardInput.WriteAsync(file.Text.AsMemory(), cancellationToken);
        bash.StandardInput.Close();
        await bash.WaitForExitAsync(cancellationToken);
        var message = (await errors).Trim();
        return bash.ExitCode == 0 && message == "" ? [] : [file.At(1, message)];
    }
}
