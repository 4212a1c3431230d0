namespace Cozy.Fleet.Tftp;

/// <summary>File names as firmware sends them, made safe (netboot.md 13.4).</summary>
public static class TftpPath
{
    /// <summary>
    /// A relative path with single slashes. Some ROMs send backslashes, double slashes, or a trailing 0xff; those are mended.
    /// A path that leaves the root, names a drive, or holds control characters is refused.
    /// </summary>
    public static bool TryNormalize(string fileName, out string path)
    {
        var parts = fileName.TrimEnd('\u00ff').Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries);
        path = string.Join('/', parts);
        return parts.Length > 0
            && !parts.Any(p => p is "." or ".." || p.Contains(':', StringComparison.Ordinal))
            && !path.Any(char.IsControl);
    }
}
