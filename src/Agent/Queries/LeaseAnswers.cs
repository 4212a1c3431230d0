using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Queries;

/// <summary>What is asked about our own DHCP leases.</summary>
internal sealed class LeaseAnswers(DhcpService dhcp)
{
    private const int MostAtOnce = 1000;

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(ReadLeases ask)
    {
        await Task.CompletedTask;
        var limit = Math.Clamp(ask.Limit, 1, MostAtOnce);
        var found = dhcp.LeasesAfter(ask.After == "" ? 0 : Address(ask.After), limit + 1);
        var page = new LeasePage { More = found.Count > limit };
        page.Leases.AddRange(found.Take(limit).Select(Message));
        yield return page.ToByteArray();
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> EndAsync(EndLease ask)
    {
        var lease = await dhcp.ReleaseAsync(Address(ask.Address))
            ?? throw new RpcException(new(StatusCode.NotFound, $"nobody has {ask.Address}, and it does not rest either."));
        yield return new LeasePage { Leases = { Message(lease) } }.ToByteArray();
    }

    private static uint Address(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork
            ? Ipv4.ToNumber(address) : throw new RpcException(new(StatusCode.InvalidArgument, $"'{text}' is not an IPv4 address."));

    private static DhcpLease Message((Lease Lease, string HostName) found) => new()
    {
        Address = Ipv4.ToAddress(found.Lease.Address).ToString(),
        Mac = found.Lease.Mac.ToString(),
        ExpireTime = found.Lease.Expires.ToTimestamp(),
        Quarantined = found.Lease.Declined,
        Hostname = found.HostName,
    };
}
