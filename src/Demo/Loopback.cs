using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Demo;

/// <summary>
/// A /24 of 127.0.0.0/8 that belongs to this run: Linux answers at every address in there, so the machines' leases are addresses that
/// really work, without root and without a network of their own.
/// </summary>
internal sealed class Loopback : IDisposable
{
    private const int Networks = 250 * 256;

    private readonly Socket reservation;
    private readonly string prefix;

    private Loopback(int number, Socket reservation) =>
        (prefix, this.reservation, CoordinatorPort) = (Prefix(number), reservation, 10_000 + (number % 20_000));

    public IPAddress Agent => IPAddress.Parse(prefix + "1");

    /// <summary>Where the machines' relay stands.</summary>
    public IPAddress Relay => IPAddress.Parse(prefix + "2");

    public string Network => prefix + "0/24";

    public string Range => $"{prefix}10-{prefix}250";

    /// <summary>On 127.0.0.1; below the ports that the kernel gives to outgoing connections: it stays free over a restart.</summary>
    public int CoordinatorPort { get; }

    // The well-known ports, out of root's reach; nobody else is at this address.
    public const int DhcpPort = 10067;

    public const int BootServicePort = 14011;

    public const int TftpPort = 10069;

    public const int HttpPort = 10080;

    // Nobody serves it; a socket at it says that the network is taken.
    private const int ReservationPort = 10001;

    /// <summary>Takes a network that no other run on this machine has: a socket that is bound in it is the proof.</summary>
    public static Loopback Reserve(int start)
    {
        for (var attempt = 0; attempt < Networks; attempt++)
        {
            var number = (start + attempt) % Networks;
            if (TryBind(IPAddress.Parse(Prefix(number) + "254"), ReservationPort) is not { } reservation)
                continue;
            var candidate = new Loopback(number, reservation);
            using var probe = TryBind(IPAddress.Loopback, candidate.CoordinatorPort);
            if (probe is not null)
                return candidate;
            candidate.Dispose();
        }
        throw new DemoFailure("There is no free network in 127.0.0.0/8.");
    }

    public void Dispose() => reservation.Dispose();

    // 127.0 is left to everybody else.
    private static string Prefix(int number) => $"127.{1 + (number / 256)}.{number % 256}.";

    private static Socket? TryBind(IPAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen();
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
