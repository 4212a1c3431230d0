using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>A socket on one link that hears and speaks router discovery (RFC 4861 6), and nothing else. Needs CAP_NET_RAW.</summary>
internal static class RouterSocket
{
    // A receiver believes neighbours alone, by this number (RFC 4861 6.1).
    private const int HopLimit = 255;

    // ICMP6_FILTER of Linux: a bit for each type that is kept away.
    private const int FilterOption = 1;

    private static readonly IPAddress AllRouters = IPAddress.Parse("ff02::2");

    /// <summary>Everybody on the link.</summary>
    public static IPEndPoint AllNodes { get; } = new(IPAddress.Parse("ff02::1"), 0);

    /// <exception cref="SocketException">This host's kernel has no IPv6, or the right is missing.</exception>
    public static Socket Open(string link)
    {
        var index = LinkEndPoint.IndexOf(link);
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        Link.Restrict(socket, link);
        socket.SetRawSocketOption((int)ProtocolType.IcmpV6, FilterOption, Filter(RouterDiscovery.Solicitation, RouterDiscovery.Advertisement));
        Set(SocketOptionName.MulticastInterface, index);
        Set(SocketOptionName.MulticastTimeToLive, HopLimit);
        Set(SocketOptionName.IpTimeToLive, HopLimit);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, false);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(AllRouters, index));
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return socket;

        void Set(SocketOptionName name, int value) => socket.SetSocketOption(SocketOptionLevel.IPv6, name, value);
    }

    private static byte[] Filter(params ReadOnlySpan<byte> wanted)
    {
        var blocked = new byte[32];
        blocked.AsSpan().Fill(0xff);
        foreach (var type in wanted)
            blocked[type / 8] &= (byte)~(1 << (type % 8));
        return blocked;
    }
}
