using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Leases on disk: a lease is stored before the answer leaves that gives it, so a power cut loses none (netboot.md 11).</summary>
internal sealed class LeaseStore<TLease> : IAsyncDisposable
{
    // Expired ones stay: they give a client its former address again. Older ones are history.
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    // The file may have so many records that no longer count. A start has to read them; whoever asks for an address while the file is
    // written anew has to wait for that.
    private const int MostHistory = 50_000;

    private readonly AppendLog log;
    private readonly LeaseFormat<TLease> format;
    private readonly ILeaseTable<TLease> table;
    private int appended;

    private LeaseStore(AppendLog log, LeaseFormat<TLease> format, ILeaseTable<TLease> table) => (this.log, this.format, this.table) = (log, format, table);

    /// <summary>Opens the log, gives the leases to the table, and leaves only the living ones in the file.</summary>
    public static async Task<LeaseStore<TLease>> OpenAsync(string directory, LeaseFormat<TLease> format, ILeaseTable<TLease> table, DateTimeOffset now)
    {
        var (log, _) = AppendLog.Open(Path.Combine(directory, format.File), record => table.Restore(format.Read(record)));
        var store = new LeaseStore<TLease>(log, format, table);
        await log.ReplaceAsync(store.Living(now));
        return store;
    }

    /// <summary>
    /// Stores the leases of one answer, all of them or none; now and then the file is written anew with what still counts.
    /// </summary>
    /// <param name="leases">The table holds them already; the caller has its lock.</param>
    /// <param name="stored">Called once, as in <see cref="AppendLog"/>; at once when too many leases wait for the disk.</param>
    public void Append(IReadOnlyList<TLease> leases, DateTimeOffset now, Action<IOException?> stored)
    {
        appended += leases.Count;
        var anew = appended >= Math.Max(MostHistory, 4 * table.Count);
        var taken = anew ? log.TryReplace(Living(now), stored)
            : log.TryAppend([.. leases.Select(lease => (ReadOnlyMemory<byte>)format.Write(lease))], stored);
        if (!taken)
            stored(new IOException("too many leases wait for the disk"));
        else if (anew)
            appended = 0;
    }

    /// <summary>The same for one who waits, which is done without the table's lock. The task ends when the leases are on disk.</summary>
    /// <exception cref="IOException">They are not.</exception>
    public Task AppendAsync(IReadOnlyList<TLease> leases, DateTimeOffset now)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Append(leases, now, failure => _ = failure is null ? end.TrySetResult() : end.TrySetException(failure));
        return end.Task;
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    // The table is read here, under its lock; the records are written by the log's thread, while the next clients are answered.
    private IEnumerable<byte[]> Living(DateTimeOffset now) => table.StoredAfter(now - Memory).ToArray().Select(format.Write);
}
