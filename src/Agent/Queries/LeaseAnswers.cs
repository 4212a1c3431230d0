using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>What is asked about our own DHCP leases: those of IPv4 first, then those of IPv6.</summary>
internal sealed class LeaseAnswers(DhcpService dhcp, Dhcp6Service dhcp6)
{
    private const int MostAtOnce = 1000;

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(ReadLeases ask)
    {
        await Task.CompletedTask;
        var limit = Math.Clamp(ask.Limit, 1, MostAtOnce);
        var found = Behind(ask.After == "" ? IPAddress.Any : Address(ask.After), limit + 1);
        var page = new LeasePage { More = found.Count > limit };
        page.Leases.AddRange(found.Take(limit));
        yield return page.ToByteArray();
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EndAsync(EndLease ask)
    {
        var address = Address(ask.Address);
        var ended = address.AddressFamily == AddressFamily.InterNetwork
            ? Message(await dhcp.ReleaseAsync(Ipv4.ToNumber(address)))
            : Message(await dhcp6.ReleaseAsync(Ipv6.ToNumber(address)));
        if (ended is null)
            throw new RpcException(new(StatusCode.NotFound, $"nobody has {ask.Address}, and it does not rest either."));
        yield return new LeasePage { Leases = { ended } }.ToByteArray();
    }

    private List<DhcpLease> Behind(IPAddress after, int limit)
    {
        if (after.AddressFamily == AddressFamily.InterNetworkV6)
            return [.. dhcp6.LeasesAfter(Ipv6.ToNumber(after), limit).Select(found => Message(found)!)];
        var found = dhcp.LeasesAfter(Ipv4.ToNumber(after), limit).Select(lease => Message(lease)!).ToList();
        return found.Count == limit ? found : [.. found, .. Behind(IPAddress.IPv6Any, limit - found.Count)];
    }

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out var address) ? address
            : throw new RpcException(new(StatusCode.InvalidArgument, $"'{text}' is not an IP address."));

    private static DhcpLease? Message((Lease Lease, string HostName)? found) => found is not var (lease, hostName) ? null : new()
    {
        Address = Ipv4.ToAddress(lease.Address).ToString(),
        Mac = lease.Mac.ToString(),
        ExpireTime = lease.Expires.ToTimestamp(),
        Quarantined = lease.Declined,
        Hostname = hostName,
    };

    private static DhcpLease? Message((Lease6 Lease, string HostName)? found) => found is not var (lease, hostName) ? null : new()
    {
        Address = Ipv6.ToAddress(lease.Address).ToString(),
        Mac = lease.Mac?.ToString() ?? "",
        ExpireTime = lease.Expires.ToTimestamp(),
        Quarantined = lease.Declined,
        Hostname = hostName,
        Duid = string.Join(':', lease.Duid.Chunk(2).Select(pair => new string(pair))),
        Association = lease.Association,
    };
}
