using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp;

/// <summary>Where a reply goes (RFC 2131 4.1, RFC 8357; netboot.md 9).</summary>
public abstract record ReplyDestination
{
    private ReplyDestination()
    {
    }

    /// <summary>An ordinary datagram.</summary>
    public sealed record Unicast(IPEndPoint EndPoint) : ReplyDestination;

    /// <summary>255.255.255.255, port 68, out of the interface that the request came in by.</summary>
    public sealed record Broadcast : ReplyDestination;

    /// <summary>To an address that its owner does not answer ARP for yet: the frame names the MAC address itself.</summary>
    public sealed record Link(MacAddress Mac, IPEndPoint EndPoint) : ReplyDestination;

    /// <summary>Chooses by the first rule that fits.</summary>
    /// <param name="source">Where the request came from.</param>
    /// <param name="bootService">The request came in on port 4011: the answer goes back where it came from.</param>
    public static ReplyDestination Choose(DhcpRequest request, DhcpReply reply, IPEndPoint source, bool bootService) =>
        (request, reply) switch
        {
            // A ROM that asks port 4011 before it has an address could not be reached at 0.0.0.0.
            _ when bootService => source.Address.Equals(IPAddress.Any) ? new Broadcast() : new Unicast(source),
            ({ RelayAddress: not 0 }, _) => new Unicast(new(
                Ipv4.ToAddress(request.RelayAddress), request.RelaySourcePort ? source.Port : 67)),
            (_, { MessageType: DhcpMessageType.Nak }) => new Broadcast(),
            ({ ClientAddress: not 0 }, _) => new Unicast(new(Ipv4.ToAddress(request.ClientAddress), 68)),
            (_, { YourAddress: 0 }) => new Broadcast(),
            ({ Flags: >= 0x8000 }, _) => new Broadcast(),
            _ => new Link(request.Mac, new(Ipv4.ToAddress(reply.YourAddress), 68)),
        };
}
