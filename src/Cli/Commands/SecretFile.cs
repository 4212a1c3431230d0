using Cozy.Fleet.Cli.Hosting;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>Writes credentials so that nobody else can read them at any moment.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static Task WriteAsync(string path, string text) => WriteAsync(path, async file =>
    {
        await using var writer = new StreamWriter(file, leaveOpen: true);
        await writer.WriteAsync(text);
    });

    /// <summary>Whatever goes wrong while it is written, no file of that name is left half-written.</summary>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        // A new file beside it takes its place: the mode of an old one would stay, and a half-written one would be read.
        var fresh = $"{path}.{Environment.ProcessId}.new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
            await using (var file = new FileStream(fresh, options))
                await write(file);
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{path} cannot be written: {error.Message}");
        }
        finally
        {
            if (File.Exists(fresh))
                File.Delete(fresh);
        }
    }
}
