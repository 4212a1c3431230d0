using System.Net;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Dhcp.Tests;

/// <summary>Requests and a network as the tables of these tests use them.</summary>
internal static class Asked
{
    public static readonly MacAddress Mac = MacAddress.Parse("52:54:00:00:00:01");
    public static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    public static readonly uint Server = Number("10.1.0.1");
    public static readonly BootReply Boot = new(Server, "b/abc/undionly.kpxe");

    public static DhcpSubnet Subnet(string first = "10.1.0.100", string last = "10.1.0.103") => new(
        new(Number("10.1.0.0"), 24, Number("10.1.0.254"), [Number("10.1.0.53")], [], "rack.test", TimeSpan.FromHours(1)),
        [(Number(first), Number(last))], Server);

    public static DhcpRequest Request(DhcpMessageType type) => new() { MessageType = type, Mac = Mac, TransactionId = 0x01020304 };

    public static DhcpRequest From(int machine, DhcpMessageType type) =>
        Request(type) with { Mac = MacAddress.FromBytes([0x52, 0x54, 0, 0, 1, (byte)machine]) };

    public static uint Number(string address) => Ipv4.ToNumber(IPAddress.Parse(address));

    public static string Text(uint address) => Ipv4.ToAddress(address).ToString();

    /// <summary>A client's datagram read back as the server reads it.</summary>
    public static DhcpRequest Read(DhcpClientMessage message)
    {
        var bytes = Bytes(message);
        Assert.True(DhcpPacket.TryWrap(bytes, out var packet, out _));
        Assert.True(DhcpRequest.TryFrom(packet, out var request, out _));
        return request;
    }

    public static byte[] Bytes(DhcpClientMessage message)
    {
        var buffer = new byte[600];
        return buffer[..message.Write(buffer)];
    }

    /// <summary>A reply as its client reads it.</summary>
    public static DhcpServerMessage Written(DhcpReply reply, DhcpRequest request) => DhcpServerMessage.Read(WrittenBytes(reply, request))!;

    public static byte[] WrittenBytes(DhcpReply reply, DhcpRequest request)
    {
        var buffer = new byte[1500];
        return buffer[..reply.Write(request, buffer)];
    }

    /// <summary>An option of a datagram.</summary>
    public static byte[]? Option(byte[] datagram, byte code) =>
        DhcpPacket.TryWrap(datagram, out var packet, out _) ? packet.Option(code) : null;
}
