using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cozy.Fleet.Agent.Storage;

/// <summary>
/// fdatasync(2): the content is on disk, and the file's times may not be. .NET has fsync(2) only, which writes the file's inode as well, another
/// block, each time.
/// </summary>
internal static class DataFlush
{
    /// <exception cref="IOException">The disk refused.</exception>
    public static void ToDisk(SafeFileHandle file)
    {
        if (FlushData(file) != 0)
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
    }

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static extern int FlushData(SafeFileHandle file);
}
