using System.Text.Json;
using System.Text.Json.Serialization;
using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>A lease as a line of the lease log.</summary>
internal sealed record StoredLease(uint Address, string Mac, DateTimeOffset Expires, bool Declined);

[JsonSerializable(typeof(StoredLease))]
internal sealed partial class LeaseJson : JsonSerializerContext;

/// <summary>Leases on disk: a lease is stored before its ACK leaves, so a power cut loses none (netboot.md 11).</summary>
internal sealed class LeaseStore : IAsyncDisposable
{
    private readonly AppendLog log;
    private int appended;

    private LeaseStore(AppendLog log) => this.log = log;

    /// <summary>Opens the log, gives the leases to the table, and leaves only the living ones in the file.</summary>
    public static async Task<LeaseStore> OpenAsync(string directory, LeaseTable table, DateTimeOffset now)
    {
        var (log, _) = AppendLog.Open(Path.Combine(directory, "leases.log"), record => table.Restore(Read(record)));
        await log.ReplaceAsync(Living(table, now));
        return new(log);
    }

    /// <summary>Stores a lease; now and then the file is written anew with what still counts.</summary>
    /// <param name="table">Holds the lease already; the caller has its lock.</param>
    /// <param name="stored">As in <see cref="AppendLog.TryAppend"/>; called at once when too many leases wait for the disk.</param>
    public void Append(Lease lease, LeaseTable table, DateTimeOffset now, Action<IOException?> stored)
    {
        var anew = ++appended >= Math.Max(10_000, 4 * table.Count);
        var taken = anew ? log.TryReplace(Living(table, now), stored) : log.TryAppend(Write(lease), stored);
        if (!taken)
            stored(new IOException("too many leases wait for the disk"));
        else if (anew)
            appended = 0;
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    // Expired ones stay: they give a client its former address again. Older than a week they are history.
    // The table is read here, under its lock; the records are written by the log's thread, while the next clients are answered.
    private static IEnumerable<byte[]> Living(LeaseTable table, DateTimeOffset now) =>
        table.Stored.Where(l => l.Expires > now - TimeSpan.FromDays(7)).ToArray().Select(Write);

    private static byte[] Write(Lease lease) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredLease(lease.Address, lease.Mac.ToString(), lease.Expires, lease.Declined), LeaseJson.Default.StoredLease);

    private static Lease Read(byte[] record)
    {
        var stored = JsonSerializer.Deserialize(record, LeaseJson.Default.StoredLease)!;
        return new(stored.Address, MacAddress.Parse(stored.Mac), stored.Expires, stored.Declined);
    }
}
