using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Takes one datagram; whatever it throws is counted and logged, and the next datagram is another matter.</summary>
internal delegate void TakeDatagram(Socket socket, ReadOnlySpan<byte> datagram, IPEndPoint source);

/// <summary>One port of the DHCP server, with a thread that waits for its datagrams.</summary>
internal sealed partial class DhcpListener : IAsyncDisposable
{
    private static readonly IPEndPoint AnySender = new(IPAddress.Any, 0);

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
    private readonly CancellationTokenSource stopping = new();
    private readonly TakeDatagram take;
    private readonly RefusalCounters refused;
    private readonly ILogger log;
    private readonly Task loop;

    /// <exception cref="IOException">The port is taken, or not ours to take.</exception>
    public DhcpListener(AgentConfig config, int port, TakeDatagram take, RefusalCounters refused, ILogger log)
    {
        (this.take, this.refused, this.log) = (take, refused, log);
        // A burst of machines that are switched on together must not overflow (netboot.md 23).
        socket.ReceiveBufferSize = 4 << 20;
        // SO_BINDTODEVICE, before the bind: one rack's broadcasts and no others (dotnet-facts.md 9).
        if (config.Interface != "")
            socket.SetRawSocketOption(1, 25, Encoding.ASCII.GetBytes(config.Interface + "\0"));
        // The other server may run on this very host: then both get every broadcast (dotnet-facts.md 9).
        if (config.DhcpMode == DhcpMode.Proxy)
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        Link.Bind(socket, new IPEndPoint(config.Interface != "" ? IPAddress.Any : config.Address, port), "DHCP");
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        loop = Task.Factory.StartNew(Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public int Port { get; }

    /// <summary>Ends when its thread has.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        socket.Dispose();
        await loop;
        stopping.Dispose();
    }

    private void Receive()
    {
        var buffer = new byte[4096];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                // This overload is the fastest by far and allocates nothing (dotnet-facts.md 9).
                var count = socket.ReceiveFrom(buffer, SocketFlags.None, from);
                take(socket, buffer.AsSpan(0, count), (IPEndPoint)AnySender.Create(from));
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                if (stopping.IsCancellationRequested)
                    return;
                // A link that went down: the next packet is another matter. The pause keeps a lasting error from filling the log.
                LogSocketError(failure.Message);
                stopping.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200));
            }
            catch (Exception failure)
            {
                // Whatever one packet did, the rack's next machine is answered.
                refused.Count("dhcp/error");
                LogPacketError(failure, AnySender.Create(from).ToString()!);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "DHCP: receiving failed: {Error}")]
    private partial void LogSocketError(string error);

    [LoggerMessage(LogLevel.Error, "DHCP: a packet of {Source} could not be handled")]
    private partial void LogPacketError(Exception error, string source);
}
