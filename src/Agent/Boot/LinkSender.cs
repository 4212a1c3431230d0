using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// Sends a datagram to a machine that has no address yet, and so answers no ARP: the IP packet is built here and the frame names the
/// MAC address (netboot.md 9, dotnet-facts.md 9). Needs CAP_NET_RAW.
/// </summary>
internal sealed class LinkSender : IDisposable
{
    private const int IpHeader = 20;
    private const int UdpHeader = 8;

    private readonly Socket socket = new(AddressFamily.Packet, SocketType.Dgram, 0);
    private readonly int interfaceIndex;
    private readonly uint sourceAddress;

    public LinkSender(string link, IPAddress source)
    {
        interfaceIndex = LinkEndPoint.IndexOf(link);
        sourceAddress = Ipv4.ToNumber(source);
    }

    public void Send(ReadOnlySpan<byte> payload, int sourcePort, MacAddress mac, IPEndPoint to)
    {
        Span<byte> packet = stackalloc byte[1500];
        packet = packet[..(IpHeader + UdpHeader + payload.Length)];
        packet.Clear();
        WriteIp(packet, Ipv4.ToNumber(to.Address));
        // A UDP checksum of 0 says that there is none (RFC 768).
        BinaryPrimitives.WriteUInt16BigEndian(packet[IpHeader..], (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(packet[(IpHeader + 2)..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt16BigEndian(packet[(IpHeader + 4)..], (ushort)(UdpHeader + payload.Length));
        payload.CopyTo(packet[(IpHeader + UdpHeader)..]);
        socket.SendTo(packet, new LinkEndPoint(LinkEndPoint.Ipv4, interfaceIndex, mac));
    }

    public void Dispose() => socket.Dispose();

    private void WriteIp(Span<byte> packet, uint destination)
    {
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        packet[8] = 64;
        packet[9] = 17;
        BinaryPrimitives.WriteUInt32BigEndian(packet[12..], sourceAddress);
        BinaryPrimitives.WriteUInt32BigEndian(packet[16..], destination);
        uint sum = 0;
        for (var i = 0; i < IpHeader; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[i..]);
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], (ushort)~sum);
    }
}
