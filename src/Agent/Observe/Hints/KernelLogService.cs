using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Observe.Hints;

/// <summary>
/// What nodes send their kernels' logs to, over TCP or UDP at one port: a JSON object a line, or a datagram (talos.md 3.6). A line is kept to
/// be read by people, and is a reason to look at its node; it changes nothing by itself.
/// </summary>
internal sealed partial class KernelLogService(
    AgentConfig config, Senders senders, KernelLogs logs, RefusalCounters refused, TimeProvider clock, ILogger<KernelLogService> log)
    : BackgroundService
{
    private const string Channel = "kernel-log";
    private const int LongestLine = 16 << 10;
    private const int PendingConnections = 64;

    private Socket? listener;
    private Socket? datagrams;

    public int Port { get; private set; }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (config.KernelLogPort is not { } port)
            return Task.CompletedTask;
        // At the machines' address alone, as everything that they are served with.
        listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Link.Bind(listener, new IPEndPoint(config.Address, port), "kernel log (TCP)");
        listener.Listen(PendingConnections);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Link.Bind(datagrams, new IPEndPoint(config.Address, Port), "kernel log (UDP)");
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        listener?.Dispose();
        datagrams?.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(ReceiveAsync(stoppingToken), AcceptAsync(stoppingToken));

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        var buffer = new byte[LongestLine];
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var received = await datagrams!.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellation);
                if (senders.Find(((IPEndPoint)received.RemoteEndPoint).Address, Channel) is { } sender)
                    Take(sender, buffer.AsMemory(0, received.ReceivedBytes));
            }
            catch (SocketException failure)
            {
                LogSocketError(failure.Message);
            }
        }
    }

    private async Task AcceptAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var connection = await listener!.AcceptAsync(cancellation);
                if (connection.RemoteEndPoint is IPEndPoint { Address: var address } && senders.Find(address, Channel) is { } sender)
                    _ = ServeAsync(sender, connection, cancellation);
                else
                    connection.Dispose();
            }
            catch (SocketException failure)
            {
                LogSocketError(failure.Message);
            }
        }
    }

    private async Task ServeAsync(Sender sender, Socket connection, CancellationToken cancellation)
    {
        var ended = sender.Connected(connection.Dispose, Senders.ConnectionsPerAddress);
        try
        {
            var reader = PipeReader.Create(new NetworkStream(connection, ownsSocket: true));
            var more = true;
            while (more)
                more = await ReadLinesAsync(sender, reader, cancellation);
            await reader.CompleteAsync();
        }
        catch (Exception end) when (end is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The node went away, or has newer connections.
        }
        catch (Exception failure)
        {
            // One node's odd line must not end what the others say.
            LogFailed(failure, sender.Name);
        }
        finally
        {
            ended();
            connection.Dispose();
        }
    }

    // False at the end, and for a sender whose lines have none.
    private async Task<bool> ReadLinesAsync(Sender sender, PipeReader reader, CancellationToken cancellation)
    {
        var read = await reader.ReadAsync(cancellation);
        var rest = read.Buffer;
        while (rest.PositionOf((byte)'\n') is { } end)
        {
            Take(sender, rest.Slice(0, end).ToArray());
            rest = rest.Slice(rest.GetPosition(1, end));
        }
        reader.AdvanceTo(rest.Start, rest.End);
        if (rest.Length <= LongestLine)
            return !read.IsCompleted;
        refused.Count(Channel + "/line-too-long");
        return false;
    }

    private void Take(Sender sender, ReadOnlyMemory<byte> json)
    {
        if (!senders.TryTake(sender, Channel))
            return;
        if (KernelLine.From(json, clock.GetUtcNow()) is not { } line)
        {
            refused.Count(Channel + "/unreadable");
            return;
        }
        logs.Add(sender.Name, line);
        senders.HintSeldom(sender);
    }

    [LoggerMessage(LogLevel.Warning, "reading the kernel log of {Machine} failed")]
    private partial void LogFailed(Exception failure, string machine);

    [LoggerMessage(LogLevel.Warning, "kernel log: {Reason}")]
    private partial void LogSocketError(string reason);
}
