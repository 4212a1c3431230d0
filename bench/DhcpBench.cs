using System.Net;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Bench;

/// <summary>
/// Answers of the DHCP core: relayed DISCOVER and REQUEST of clients that have leases already, from the datagram's bytes to the
/// answer's bytes. Sockets and the durable store are not part of it: that is the whole server's figure, not the core's.
/// </summary>
internal static class DhcpBench
{
    private const int Clients = 5_000;
    private const int TimesEach = 10;

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly uint Server = Number("10.0.0.1");
    private static readonly IPAddress Relay = IPAddress.Parse("10.0.0.2");

    public static Measurement[] Run()
    {
        var server = new DhcpServer(new([Subnet()], []), authoritative: true);
        var discovers = Enumerable.Range(0, Clients).Select(i => Datagram(DhcpMessageType.Discover, i, 0)).ToArray();
        var requests = discovers.Select((datagram, i) => Datagram(DhcpMessageType.Request, i, Offered(server, datagram))).ToArray();
        AnswerAll(server, requests, DhcpMessageType.Ack);
        return
        [
            Measurement.Of("DISCOVER to OFFER", Unit.Answers, () => AnswerAll(server, discovers, DhcpMessageType.Offer)),
            Measurement.Of("REQUEST to ACK", Unit.Answers, () => AnswerAll(server, requests, DhcpMessageType.Ack)),
            Measurement.Of("both, one after the other", Unit.Answers, () =>
                AnswerAll(server, discovers, DhcpMessageType.Offer) + AnswerAll(server, requests, DhcpMessageType.Ack)),
        ];
    }

    // Every answer is looked at: a server that falls silent would be the fastest.
    private static long AnswerAll(DhcpServer server, byte[][] datagrams, DhcpMessageType expected)
    {
        Span<byte> buffer = stackalloc byte[1500];
        for (var i = 0; i < TimesEach * datagrams.Length; i++)
        {
            var datagram = datagrams[i % datagrams.Length];
            var (request, reply) = Answer(server, datagram);
            if (reply.MessageType != expected)
                throw new InvalidOperationException($"{request.Mac} got {reply.MessageType} in place of {expected}.");
            reply.Write(request, buffer);
        }
        return TimesEach * datagrams.Length;
    }

    private static (DhcpRequest Request, DhcpReply Reply) Answer(DhcpServer server, byte[] datagram)
    {
        if (!DhcpPacket.TryWrap(datagram, out var packet, out var refusal) || !DhcpRequest.TryFrom(packet, out var request, out refusal))
            throw new InvalidOperationException($"A datagram of the benchmark was refused: {refusal}.");
        var answer = server.Answer(request, new BootReply(Server, "undionly.kpxe"), "", Now);
        return (request, answer.Reply ?? throw new InvalidOperationException($"{request.Mac} got no answer: {answer.Reason}."));
    }

    private static uint Offered(DhcpServer server, byte[] discover) => Answer(server, discover).Reply.YourAddress;

    private static byte[] Datagram(DhcpMessageType type, int client, uint requested)
    {
        var mac = MacAddress.FromBytes([0x52, 0x54, 0x00, (byte)(client >> 16), (byte)(client >> 8), (byte)client]);
        var message = new DhcpClientMessage(type, mac, (uint)client)
        {
            Architecture = 0,
            Relay = Relay,
            RequestedAddress = requested,
            ServerIdentifier = requested == 0 ? 0 : Server,
        };
        Span<byte> buffer = stackalloc byte[600];
        return buffer[..message.Write(buffer)].ToArray();
    }

    private static DhcpSubnet Subnet() => new(
        new(Number("10.0.0.0"), 16, Server, [Server], [Server], "rack.example", TimeSpan.FromHours(1)),
        [(Number("10.0.16.0"), Number("10.0.63.255"))],
        Server);

    private static uint Number(string address) => Ipv4.ToNumber(IPAddress.Parse(address));
}
