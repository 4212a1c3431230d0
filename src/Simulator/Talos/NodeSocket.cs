using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>Connections that begin at the node's own address, which is all that tells others who it is.</summary>
internal static class NodeSocket
{
    /// <exception cref="SocketException">Nobody listens there, or the address is not the machine's.</exception>
    public static async Task<NetworkStream> ConnectAsync(IPAddress from, EndPoint to, CancellationToken cancellation)
    {
        var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(to, cancellation);
            return new(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
