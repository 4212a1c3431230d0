using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>The host's side of the network to the machines.</summary>
internal static class Link
{
    private const int EthernetMtu = 1500;

    // Linux: SOL_SOCKET, SO_REUSEPORT, SO_BINDTODEVICE.
    private const int SocketLevel = 1;
    private const int ReusePort = 15;
    private const int BindToDevice = 25;

    /// <summary>Call it before the bind: the socket hears one link's machines and no others (dotnet-facts.md 9).</summary>
    /// <param name="link">Empty: every link.</param>
    public static void Restrict(Socket socket, string link)
    {
        if (link != "")
            socket.SetRawSocketOption(SocketLevel, BindToDevice, Encoding.ASCII.GetBytes(link + "\0"));
    }

    /// <summary>
    /// Before the bind: the socket may have a port with others of ours that share it. After the bind: others of ours may have its port too.
    /// </summary>
    public static void SharePort(Socket socket) => socket.SetRawSocketOption(SocketLevel, ReusePort, BitConverter.GetBytes(1));

    /// <summary>Binds; the error says which service wanted which port.</summary>
    /// <exception cref="IOException">The port is taken, or not ours to take.</exception>
    public static void Bind(Socket socket, IPEndPoint endPoint, string service)
    {
        try
        {
            socket.Bind(endPoint);
        }
        catch (SocketException failure)
        {
            throw new IOException($"{service} cannot listen on {endPoint}: {failure.Message}", failure);
        }
    }

    /// <summary>The MTU of the interface that has this address.</summary>
    public static int MtuOf(IPAddress address)
    {
        var owner = NetworkInterface.GetAllNetworkInterfaces().Select(i => i.GetIPProperties())
            .FirstOrDefault(p => p.UnicastAddresses.Any(a => a.Address.Equals(address)));
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return owner?.GetIPv6Properties()?.Mtu is { } mtu6 and >= 1280 ? Math.Min(mtu6, EthernetMtu) : EthernetMtu;
        return owner?.GetIPv4Properties()?.Mtu is { } mtu and >= 576 ? mtu : EthernetMtu;
    }
}
