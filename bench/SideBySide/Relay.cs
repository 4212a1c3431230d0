using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>
/// The relay that the machines of a bench stand behind. A server answers to a relay's port 67 (RFC 2131 4.1); this one knows by the transaction
/// which machine is meant.
/// </summary>
internal sealed class Relay : IDisposable
{
    private const int ReceiveBuffer = 4 << 20;

    private readonly Socket machines = New(new(IPAddress.Loopback, 0));
    private readonly Socket servers;
    private readonly EndPoint server;
    private readonly ConcurrentDictionary<uint, EndPoint> askers = new();

    public Relay(ServerPlace place)
    {
        servers = New(new(IPAddress.Parse(place.OurAddress), 67));
        server = new IPEndPoint(IPAddress.Parse(place.Address), 67);
        Start(machines, (datagram, sender) =>
        {
            askers[Transaction(datagram)] = sender;
            servers.SendTo(datagram, server);
        });
        Start(servers, (datagram, _) =>
        {
            if (askers.TryGetValue(Transaction(datagram), out var asker))
                machines.SendTo(datagram, asker);
        });
    }

    private delegate void Handle(ReadOnlySpan<byte> datagram, EndPoint sender);

    /// <summary>Where machines send to.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)machines.LocalEndPoint!;

    public void Dispose()
    {
        machines.Dispose();
        servers.Dispose();
    }

    private static Socket New(IPEndPoint at)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = ReceiveBuffer };
        socket.Bind(at);
        return socket;
    }

    // RFC 2131 2: xid stands behind op, htype, hlen and hops.
    private static uint Transaction(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]);

    private static void Start(Socket socket, Handle handle) => new Thread(() =>
    {
        var buffer = new byte[2048];
        try
        {
            while (true)
            {
                EndPoint sender = new IPEndPoint(IPAddress.Any, 0);
                var count = socket.ReceiveFrom(buffer, ref sender);
                handle(buffer.AsSpan(0, count), sender);
            }
        }
        catch (Exception end) when (end is ObjectDisposedException or SocketException)
        {
            // The round is over and its relay with it.
        }
    })
    { IsBackground = true }.Start();
}
