using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>How other servers of one version of DHCP are asked for, and what they answer.</summary>
internal interface IServerSearch : IDisposable
{
    /// <summary>What a packet socket hears it by.</summary>
    ushort Protocol { get; }

    PacketFilter Filter { get; }

    /// <summary>Asks as a machine that boots would.</summary>
    /// <exception cref="SocketException">The link is down, or has no address yet.</exception>
    void Ask();

    /// <summary>The server that sent the packet, and what is wrong with it; null when nothing is.</summary>
    (IPAddress Address, string Complaint)? Judge(ReadOnlySpan<byte> packet);
}

/// <summary>By a DISCOVER.</summary>
internal sealed class ServerSearch4(AgentConfig config) : IServerSearch
{
    private const ushort ClientPort = 68;
    private const ushort ServerPort = 67;

    private readonly LinkSender sender = new(config.Interface, IPAddress.Any);
    private readonly MacAddress ours = LinkEndPoint.CardOf(config.Interface);

    public ushort Protocol => LinkEndPoint.Ipv4;

    public PacketFilter Filter { get; } = PacketFilter.UdpOverIpv4(ClientPort);

    public void Ask()
    {
        Span<byte> buffer = stackalloc byte[600];
        var question = new DhcpClientMessage(DhcpMessageType.Discover, ours, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)))
        {
            Architecture = DhcpClientMessage.UefiX64,
        };
        sender.Send(buffer[..question.Write(buffer)], ClientPort, MacAddress.Broadcast, new(IPAddress.Broadcast, ServerPort));
    }

    public (IPAddress Address, string Complaint)? Judge(ReadOnlySpan<byte> packet)
    {
        if (!UdpDatagram.TryWrap(packet, out var datagram) || datagram.DestinationPort != ClientPort)
            return null;
        if (DhcpServerMessage.Read(datagram.Payload) is not { } reply)
            return null;
        // What a relay brings from us to its machines has our identifier.
        var address = reply.ServerIdentifier != 0 ? Ipv4.ToAddress(reply.ServerIdentifier) : new(datagram.Source);
        return address.Equals(config.Address) || ForeignServer.ComplaintAbout(reply, config.DhcpMode, config.Address) is not { } complaint
            ? null : (address, complaint);
    }

    public void Dispose() => sender.Dispose();
}

/// <summary>By a SOLICIT. The answer to another machine's is seldom heard here, because it is for that machine alone.</summary>
/// <param name="serverId">Our own DUID: what a relay brings from us to its machines has it.</param>
internal sealed class ServerSearch6(string link, byte[] serverId) : IServerSearch
{
    private const ushort ClientPort = 546;

    private static readonly IPEndPoint AllServers = new(Dhcp6Service.AllServers, 547);

    private readonly Socket socket = Open(link);
    private readonly MacAddress ours = LinkEndPoint.CardOf(link);

    public ushort Protocol => LinkEndPoint.Ipv6;

    public PacketFilter Filter { get; } = PacketFilter.UdpOverIpv6(ClientPort);

    public void Ask() => socket.SendTo(Dhcp6Solicitation.Write(ours, RandomNumberGenerator.GetInt32(1 << 24)), AllServers);

    public (IPAddress Address, string Complaint)? Judge(ReadOnlySpan<byte> packet)
    {
        if (!UdpDatagram.TryWrap(packet, out var datagram) || datagram.DestinationPort != ClientPort)
            return null;
        var reply = Dhcp6ServerMessage.Read(datagram.Payload);
        return reply is null || reply.ServerId.AsSpan().SequenceEqual(serverId) || ForeignServer.ComplaintAbout(reply) is not { } complaint
            ? null : (new(datagram.Source), complaint);
    }

    public void Dispose() => socket.Dispose();

    // Answers go to the clients' port, whichever this one has (RFC 8415 7.2), and are heard by the packet socket.
    private static Socket Open(string link)
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        Link.Restrict(socket, link);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, LinkEndPoint.IndexOf(link));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, false);
        return socket;
    }
}
