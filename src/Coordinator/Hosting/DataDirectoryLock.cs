using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Keeps a second coordinator off the data directory. The kernel releases it with the process, however it ends.</summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream file;

    private DataDirectoryLock(FileStream file) => this.file = file;

    /// <exception cref="StorageException">Another coordinator has the directory, or it cannot be used.</exception>
    public static DataDirectoryLock Take(string directory)
    {
        var path = Path.Combine(directory, "lock");
        try
        {
            PrivateFiles.CreateDirectory(directory);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The data directory {directory} cannot be made: {cause.Message}", cause);
        }
        try
        {
            return new(PrivateFiles.OpenAlone(path));
        }
        catch (UnauthorizedAccessException cause)
        {
            throw new StorageException($"The data directory {directory} cannot be written: {cause.Message}", cause);
        }
        catch (IOException cause)
        {
            throw new StorageException(
                $"Another coordinator runs on the data directory {directory}; stop it, or give --data another one. ({cause.Message})", cause);
        }
    }

    public void Dispose() => file.Dispose();
}
