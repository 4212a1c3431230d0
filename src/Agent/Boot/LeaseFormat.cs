using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>How a lease stands in its log.</summary>
/// <param name="File">The log's name in the data directory.</param>
internal sealed record LeaseFormat<TLease>(string File, Func<TLease, byte[]> Write, Func<byte[], TLease> Read);

/// <summary>The logs of both versions: a line of JSON for each lease.</summary>
internal static class LeaseFormats
{
    public static LeaseFormat<Lease> V4 { get; } = new("leases.log", Write, Read);

    public static LeaseFormat<Lease6> V6 { get; } = new("leases6.log", Write, Read6);

    private static byte[] Write(Lease lease) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredLease(lease.Address, lease.Mac.ToString(), lease.Expires, lease.Declined), LeaseJson.Default.StoredLease);

    private static Lease Read(byte[] record)
    {
        var stored = JsonSerializer.Deserialize(record, LeaseJson.Default.StoredLease)!;
        return new(stored.Address, MacAddress.Parse(stored.Mac), stored.Expires, stored.Declined);
    }

    private static byte[] Write(Lease6 lease) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredLease6(Ipv6.ToAddress(lease.Address).ToString(), lease.Client, lease.Expires, lease.Declined,
            lease.Duid, lease.Association),
        LeaseJson.Default.StoredLease6);

    private static Lease6 Read6(byte[] record)
    {
        var stored = JsonSerializer.Deserialize(record, LeaseJson.Default.StoredLease6)!;
        return new(Ipv6.ToNumber(IPAddress.Parse(stored.Address)), stored.Client, stored.Expires, stored.Declined)
        {
            Duid = stored.Duid, Association = stored.Association,
        };
    }
}

internal sealed record StoredLease(uint Address, string Mac, DateTimeOffset Expires, bool Declined);

internal sealed record StoredLease6(
    string Address, string Client, DateTimeOffset Expires, bool Declined, string Duid = "", uint Association = 0);

[JsonSerializable(typeof(StoredLease))]
[JsonSerializable(typeof(StoredLease6))]
internal sealed partial class LeaseJson : JsonSerializerContext;
