using System.Net;
using System.Net.Sockets;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Takes one datagram; whatever it throws is counted and logged, and the next datagram is another matter.</summary>
internal delegate void TakeDatagram(Socket socket, ReadOnlySpan<byte> datagram, IPEndPoint source);

/// <summary>Where a DHCP server listens.</summary>
/// <param name="Socket">Neither bound nor restricted to a link yet.</param>
/// <param name="Link">Empty: every link.</param>
/// <param name="Service">Its name in the log.</param>
/// <param name="Counter">How its refusals' reasons begin.</param>
internal sealed record DhcpPort(Socket Socket, IPEndPoint EndPoint, string Link, string Service, string Counter);

/// <summary>One port of a DHCP server of either version, with a thread that waits for its datagrams.</summary>
internal sealed partial class DhcpListener : IAsyncDisposable
{
    // A burst of machines that are switched on together must not overflow (netboot.md 23).
    private const int ReceiveBuffer = 4 << 20;

    private readonly CancellationTokenSource stopping = new();
    private readonly DhcpPort port;
    private readonly TakeDatagram take;
    private readonly RefusalCounters refused;
    private readonly ILogger log;
    private Task loop = Task.CompletedTask;

    /// <param name="port">Its socket is the listener's from now on.</param>
    /// <exception cref="IOException">The port is taken, or not ours to take.</exception>
    public DhcpListener(DhcpPort port, TakeDatagram take, RefusalCounters refused, ILogger log)
    {
        (this.port, this.take, this.refused, this.log) = (port, take, refused, log);
        port.Socket.ReceiveBufferSize = ReceiveBuffer;
        Link.Restrict(port.Socket, port.Link);
        Link.Bind(port.Socket, port.EndPoint, port.Service);
        Port = ((IPEndPoint)port.Socket.LocalEndPoint!).Port;
    }

    public int Port { get; }

    /// <summary>From now on datagrams are taken; those that came since the port was bound have waited.</summary>
    public void Start() =>
        loop = Task.Factory.StartNew(Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Ends when its thread has.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        port.Socket.Dispose();
        await loop;
        stopping.Dispose();
    }

    private void Receive()
    {
        var buffer = new byte[4096];
        var socket = port.Socket;
        var anybody = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var from = new SocketAddress(socket.AddressFamily);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                // This overload is the fastest by far and allocates nothing (dotnet-facts.md 9).
                var count = socket.ReceiveFrom(buffer, SocketFlags.None, from);
                take(socket, buffer.AsSpan(0, count), (IPEndPoint)anybody.Create(from));
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                if (stopping.IsCancellationRequested)
                    return;
                // A link that went down: the next packet is another matter. The pause keeps a lasting error from filling the log.
                LogSocketError(port.Service, failure.Message);
                stopping.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(200));
            }
            catch (Exception failure)
            {
                // Whatever one packet did, the rack's next machine is answered.
                refused.Count(port.Counter + "/error");
                LogPacketError(failure, port.Service, anybody.Create(from).ToString()!);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Service}: receiving failed: {Error}")]
    private partial void LogSocketError(string service, string error);

    [LoggerMessage(LogLevel.Error, "{Service}: a packet of {Source} could not be handled")]
    private partial void LogPacketError(Exception error, string service, string source);
}
