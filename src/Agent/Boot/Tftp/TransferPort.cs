using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Agent.Boot.Tftp;

/// <summary>
/// A port for one transfer (RFC 1350 4). Two sockets share it: what the client sends comes to the one that is connected to it, which spares the
/// kernel a search for the way with each block; what anybody else sends comes to the other.
/// </summary>
internal sealed class TransferPort : IDisposable
{
    private TransferPort(AddressFamily family)
    {
        Own = new(family, SocketType.Dgram, ProtocolType.Udp);
        Strangers = new(family, SocketType.Dgram, ProtocolType.Udp);
    }

    /// <summary>Connected to the client.</summary>
    public Socket Own { get; }

    public Socket Strangers { get; }

    /// <param name="local">The server's own; the kernel chooses the port.</param>
    /// <exception cref="SocketException">No port is free, or there is no way to the client.</exception>
    public static TransferPort Open(IPAddress local, SocketAddress client)
    {
        var port = new TransferPort(local.AddressFamily);
        try
        {
            // Shared only once it is ours: no other transfer is given it meanwhile.
            port.Own.Bind(new IPEndPoint(local, 0));
            Link.SharePort(port.Own);
            Link.SharePort(port.Strangers);
            port.Strangers.Bind(port.Own.LocalEndPoint!);
            DatagramCalls.Connect(port.Own, client);
            return port;
        }
        catch
        {
            port.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Own.Dispose();
        Strangers.Dispose();
    }
}
