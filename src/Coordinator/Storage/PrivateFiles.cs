namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Files and folders that only the coordinator's own user may read.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static void CreateDirectory(string path)
    {
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, OwnerReadWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Replaces the file: after a crash there is the old content or the new one, never a part of it.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var fresh = path + ".new";
        File.Delete(fresh);
        using (var file = new FileStream(fresh, Options(FileMode.CreateNew)))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Makes an empty file when there is none, so that nobody else can read it from its first byte on.</summary>
    public static void Touch(string path)
    {
        using var file = new FileStream(path, Options(FileMode.OpenOrCreate));
    }

    /// <summary>Opens or makes a file that nobody else can open so while it is open.</summary>
    public static FileStream OpenAlone(string path) => new(path, Options(FileMode.OpenOrCreate, FileShare.None));

    private static FileStreamOptions Options(FileMode mode, FileShare share = FileShare.ReadWrite) =>
        new() { Mode = mode, Access = FileAccess.Write, Share = share, UnixCreateMode = OwnerReadWrite };
}
