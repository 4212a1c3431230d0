using System.Diagnostics;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// What the disk itself takes to make a few bytes safe. An answer that may not leave before its lease is safe waits at most for the flush
/// that is under way and for its own: no server that keeps that promise is faster than its disk.
/// </summary>
internal static class DiskFlush
{
    private const int Length = 300; // A lease or two.
    private const int Prepared = 4 << 20;

    // As often as a server that is asked 2,000 times a second.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Milliseconds of the slowest in a hundred, in that folder, while that work is done: the disk of a virtual machine takes its turns of the
    /// very processors that the work takes, and where there are few of them a flush takes ten times as long as on an idle one.
    /// </summary>
    public static async Task<double> SlowestOf100Async(string folder, Task work)
    {
        using var file = File.OpenHandle(Path.Combine(folder, "flush"), FileMode.Create, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        // The length is there before: only content is written, as in the lease log.
        RandomAccess.Write(file, new byte[Prepared], 0);
        RandomAccess.FlushToDisk(file);
        var waits = new List<double>();
        using var turns = new PeriodicTimer(Pause);
        while (!work.IsCompleted && await turns.WaitForNextTickAsync())
        {
            var began = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, new byte[Length], waits.Count * Length % Prepared);
            RandomAccess.FlushToDisk(file);
            waits.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        await work;
        return waits.Order().ElementAt(waits.Count * 99 / 100);
    }
}
