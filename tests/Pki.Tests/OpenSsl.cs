using System.Diagnostics;

namespace Cozy.Fleet.Pki.Tests;

/// <summary>Asks the system's OpenSSL for a second opinion.</summary>
internal sealed class OpenSsl : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("cozy-pki-");

    /// <summary>Skips the test where there is no openssl.</summary>
    public static OpenSsl OrSkip()
    {
        Assert.SkipUnless(
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, "openssl"))),
            "There is no openssl on this machine.");
        return new();
    }

    public string Write(string name, string content)
    {
        var path = Path.Combine(directory.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    public static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var cancellation = TestContext.Current.CancellationToken;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output + await errors);
    }

    public void Dispose() => directory.Delete(recursive: true);
}
