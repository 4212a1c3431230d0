using Cozy.Fleet.Cli.Hosting;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>Writes credentials so that nobody else can read them at any moment.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static async Task WriteAsync(string path, string text)
    {
        // A new file beside it takes its place: the mode of an old one would stay, and a half-written one would be read.
        var fresh = $"{path}.{Environment.ProcessId}.new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
            await using (var writer = new StreamWriter(fresh, options))
                await writer.WriteAsync(text);
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(fresh);
            throw new Failure(ExitCode.Usage, $"{path} cannot be written: {error.Message}");
        }
    }
}
