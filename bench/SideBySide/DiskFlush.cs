using System.Diagnostics;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// What the disk itself takes to make a few bytes safe. An answer that may not leave before its lease is safe waits at most for the flush
/// that is under way and for its own: no server that keeps that promise is faster than its disk.
/// </summary>
internal static class DiskFlush
{
    private const int Times = 300;
    private const int Prepared = 1 << 20;

    /// <summary>Milliseconds of the slowest in a hundred, in that folder, now.</summary>
    public static double SlowestOf100(string folder)
    {
        var path = Path.Combine(folder, "flush");
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        // The length is there before: only content is written, as in the lease log.
        RandomAccess.Write(file, new byte[Prepared], 0);
        RandomAccess.FlushToDisk(file);
        var waits = new double[Times];
        for (var i = 0; i < Times; i++)
        {
            var began = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, new byte[300], i * 300);
            RandomAccess.FlushToDisk(file);
            waits[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }
        return waits.Order().ElementAt(Times * 99 / 100);
    }
}
