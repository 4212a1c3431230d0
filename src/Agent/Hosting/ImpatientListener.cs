using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Cozy.Fleet.Agent.Hosting;

/// <summary>
/// Listens for machines that lose their power in the middle of a connection, and come back from the same port: GRUB begins each boot at
/// port 21550. While the connection of the boot before is held, the new one is not accepted; so none is held for long.
/// </summary>
internal static class ImpatientListener
{
    // TCP_USER_TIMEOUT (RFC 5482; tcp(7)): milliseconds that what was sent may stay unacknowledged.
    private const int UserTimeout = 18;

    /// <summary>How long a connection may be idle. iPXE and GRUB ask for one file after the other, or connect anew.</summary>
    public static TimeSpan IdleTimeout { get; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a machine may leave unacknowledged what it was sent; Linux itself goes on for 15 minutes.</summary>
    public static TimeSpan SilenceTimeout { get; } = TimeSpan.FromSeconds(30);

    /// <summary>A socket that is bound and does not listen yet, as Kestrel wants it. What it accepts has the same options.</summary>
    public static Socket Bind(EndPoint endPoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        socket.SetRawSocketOption((int)ProtocolType.Tcp, UserTimeout, BitConverter.GetBytes((int)SilenceTimeout.TotalMilliseconds));
        return socket;
    }
}
