using System.Globalization;
using System.Net;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Bench.Memory;

/// <summary>
/// What the agent computes for one machine that boots: DISCOVER read, OFFER written, REQUEST read, ACK written. Only the answer:
/// no sockets and no disk, so this is the ceiling that the agent's loop and its durable leases come under.
/// </summary>
internal static class DhcpExchanges
{
    private const int Machines = 1000;
    private static readonly uint Server = Ipv4.ToNumber(IPAddress.Parse("10.0.0.1"));

    // Leases are not meant to run out while this measures; the answers do not depend on the date.
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    public static Measurement Create()
    {
        var subnet = new DhcpSubnet(
            new(Ipv4.ToNumber(IPAddress.Parse("10.0.0.0")), 16, TimeSpan.FromHours(1)), [(Server + 0x1000, Server + 0x8000)], Server)
        {
            Options = OptionSet.Of([
                new(DhcpOption.Routers, OptionFormat.Addresses([Server])),
                new(DhcpOption.DnsServers, OptionFormat.Addresses([Server])),
                new(DhcpOption.DomainName, "rack.example"u8.ToArray()),
            ]),
        };
        var server = new DhcpServer(new LeaseTable([subnet], []), authoritative: true);
        var boot = new BootReply(Server, "undionly.kpxe");
        var exchanges = Enumerable.Range(1, Machines).Select(machine => Exchange(server, boot, machine)).ToArray();
        return new($"DHCP exchanges answered in memory, {Machines} machines", "dhcp", "exchanges/s", Machines, () =>
        {
            foreach (var (discover, request) in exchanges)
            {
                Answer(server, boot, discover);
                Answer(server, boot, request);
            }
        });
    }

    // Both messages as bytes. The first answer tells the address that the machine asks for.
    private static (byte[] Discover, byte[] Request) Exchange(DhcpServer server, BootReply boot, int machine)
    {
        var mac = MacAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:{machine >> 8:x2}:{machine & 0xff:x2}"));
        var message = new DhcpClientMessage(DhcpMessageType.Discover, mac, (uint)machine) { Architecture = 0 };
        var discover = Bytes(message);
        var offered = Answer(server, boot, discover);
        return (discover, Bytes(message with
        {
            MessageType = DhcpMessageType.Request,
            RequestedAddress = offered.YourAddress,
            ServerIdentifier = Server,
        }));
    }

    private static byte[] Bytes(DhcpClientMessage message)
    {
        var buffer = new byte[600];
        return buffer[..message.Write(buffer)];
    }

    private static DhcpReply Answer(DhcpServer server, BootReply boot, byte[] datagram)
    {
        Span<byte> written = stackalloc byte[1500];
        if (!DhcpPacket.TryWrap(datagram, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
            throw new InvalidOperationException($"A message of our own was refused: {refusal}.");
        var reply = server.Answer(request, boot, "", Now).Reply;
        if (reply is not { MessageType: DhcpMessageType.Offer or DhcpMessageType.Ack })
            throw new InvalidOperationException($"{request.MessageType} of {request.Mac} got no address.");
        reply.Write(request, written);
        return reply;
    }
}
