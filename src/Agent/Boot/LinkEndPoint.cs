using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>sockaddr_ll of Linux: protocol, interface, and a MAC address to send to (dotnet-facts.md 9).</summary>
internal sealed class LinkEndPoint(ushort protocol, int interfaceIndex, MacAddress? mac = null) : EndPoint
{
    public const ushort Ipv4 = 0x0800;
    public const ushort Arp = 0x0806;
    public const ushort Ipv6 = 0x86dd;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    /// <summary>The number that the kernel knows an interface by.</summary>
    public static int IndexOf(string link) => Find(link).GetIPProperties().GetIPv4Properties().Index;

    /// <summary>The address that an interface's card has now.</summary>
    /// <exception cref="InvalidOperationException">The interface is gone.</exception>
    public static MacAddress CardOf(string link) => MacAddress.FromBytes(Find(link).GetPhysicalAddress().GetAddressBytes());

    /// <summary>The card that a frame came from; null for one that this host sent itself (sll_pkttype 4).</summary>
    public static MacAddress? SenderOf(SocketAddress address)
    {
        const byte Outgoing = 4;
        return address[10] == Outgoing ? null
            : MacAddress.FromBytes([address[12], address[13], address[14], address[15], address[16], address[17]]);
    }

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, 20);
        (address[2], address[3]) = ((byte)(protocol >> 8), (byte)protocol); // Network order.
        for (var i = 0; i < 4; i++)
            address[4 + i] = (byte)(interfaceIndex >> (8 * i));
        address[11] = 6;
        Span<byte> bytes = stackalloc byte[6];
        (mac ?? default).WriteTo(bytes);
        for (var i = 0; i < 6; i++)
            address[12 + i] = bytes[i];
        return address;
    }

    private static NetworkInterface Find(string link) => NetworkInterface.GetAllNetworkInterfaces().First(i => i.Name == link);
}
