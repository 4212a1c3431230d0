using System.Text.Json;
using System.Text.Json.Serialization;
using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>A lease as a line of the lease log.</summary>
internal sealed record StoredLease(uint Address, string Client, string Mac, DateTimeOffset Expires, bool Declined);

[JsonSerializable(typeof(StoredLease))]
internal sealed partial class LeaseJson : JsonSerializerContext;

/// <summary>Leases on disk: a lease is stored before its ACK leaves, so a power cut loses none (netboot.md 11).</summary>
internal sealed class LeaseStore : IAsyncDisposable
{
    private readonly AppendLog log;

    private LeaseStore(AppendLog log) => this.log = log;

    /// <summary>Opens the log, gives the leases to the table, and leaves only the living ones in the file.</summary>
    public static async Task<LeaseStore> OpenAsync(string directory, LeaseTable table, DateTimeOffset now)
    {
        var (log, _) = AppendLog.Open(Path.Combine(directory, "leases.log"), record => table.Restore(Read(record)));
        // Expired ones stay: they give a client its former address again. Older than a week they are history.
        await log.ReplaceAsync([.. table.Leases.Where(l => l.Expires > now - TimeSpan.FromDays(7)).Select(Write)]);
        return new(log);
    }

    public Task AppendAsync(Lease lease) => log.AppendAsync(Write(lease));

    public ValueTask DisposeAsync() => log.DisposeAsync();

    private static byte[] Write(Lease lease) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredLease(lease.Address, lease.Client, lease.Mac.ToString(), lease.Expires, lease.Declined), LeaseJson.Default.StoredLease);

    private static Lease Read(byte[] record)
    {
        var stored = JsonSerializer.Deserialize(record, LeaseJson.Default.StoredLease)!;
        return new(stored.Address, stored.Client, MacAddress.Parse(stored.Mac), stored.Expires, stored.Declined);
    }
}
