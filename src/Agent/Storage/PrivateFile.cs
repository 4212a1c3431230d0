namespace Cozy.Fleet.Agent.Storage;

/// <summary>Files that are replaced whole and that only we may read.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens a log that only this process writes; a second agent on the same directory fails here.</summary>
    public static FileStream OpenLog(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly,
    });

    /// <summary>After a crash there is the old content or the new one, never a part.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var fresh = path + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        await using (var file = new FileStream(fresh, options))
        {
            await file.WriteAsync(content, cancellation);
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }
}
