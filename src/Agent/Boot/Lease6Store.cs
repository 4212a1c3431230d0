using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cozy.Fleet.Agent.Storage;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>An IPv6 lease as a line of its log.</summary>
internal sealed record StoredLease6(string Address, string Client, DateTimeOffset Expires, bool Declined);

[JsonSerializable(typeof(StoredLease6))]
internal sealed partial class Lease6Json : JsonSerializerContext;

/// <summary>IPv6 leases on disk: a lease is stored before its REPLY leaves.</summary>
internal sealed class Lease6Store : IAsyncDisposable
{
    private static readonly TimeSpan History = TimeSpan.FromDays(7);

    private readonly AppendLog log;
    private int appended;

    private Lease6Store(AppendLog log) => this.log = log;

    /// <summary>Opens the log, gives the leases to the table, and leaves only the living ones in the file.</summary>
    public static async Task<Lease6Store> OpenAsync(string directory, Lease6Table table, DateTimeOffset now)
    {
        var (log, _) = AppendLog.Open(Path.Combine(directory, "leases6.log"), record => table.Restore(Read(record)));
        await log.ReplaceAsync(Living(table, now));
        return new(log);
    }

    /// <summary>Stores leases; now and then the file is written anew with what still counts.</summary>
    /// <param name="table">Holds them already; the caller has its lock.</param>
    /// <param name="stored">Called once, when the disk has all of them or refused one.</param>
    public void Append(IReadOnlyList<Lease6> leases, Lease6Table table, DateTimeOffset now, Action<IOException?> stored)
    {
        appended += leases.Count;
        var anew = appended >= Math.Max(10_000, 4 * table.Count);
        var taken = anew ? log.TryReplace(Living(table, now), stored)
            : log.TryAppend([.. leases.Select(lease => (ReadOnlyMemory<byte>)Write(lease))], stored);
        if (!taken)
            stored(new IOException("too many leases wait for the disk"));
        else if (anew)
            appended = 0;
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();

    // Expired ones stay for a while: they give a client its former address again.
    private static IEnumerable<byte[]> Living(Lease6Table table, DateTimeOffset now) =>
        table.Stored.Where(lease => lease.Expires > now - History).ToArray().Select(Write);

    private static byte[] Write(Lease6 lease) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredLease6(Ipv6.ToAddress(lease.Address).ToString(), lease.Client, lease.Expires, lease.Declined),
            Lease6Json.Default.StoredLease6);

    private static Lease6 Read(byte[] record)
    {
        var stored = JsonSerializer.Deserialize(record, Lease6Json.Default.StoredLease6)!;
        return new(Ipv6.ToNumber(IPAddress.Parse(stored.Address)), stored.Client, stored.Expires, stored.Declined);
    }
}
