using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>The TFTP server: a socket for each transfer, as RFC 1350 has it; the rules are in <see cref="TftpTransfer"/>.</summary>
internal sealed partial class TftpService(
    AgentConfig config, BootSessions sessions, BootReporter reporter, RefusalCounters refused, TimeProvider clock,
    ILogger<TftpService> log) : BackgroundService
{
    private const int MaximumTransfers = 400;
    private const int MaximumPerClient = 16;
    private const int Headers = 20 + 8 + 4; // IP, UDP and TFTP: a fragment is lost by many ROMs (netboot.md 13.2).

    private readonly Dictionary<IPEndPoint, IPAddress> running = [];
    private readonly Lock gate = new(); // Transfers end on other threads than they start on.
    private Socket? listener;
    private int blockLimit = 1468;

    public int Port { get; private set; }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // Bound to the provisioning address alone: replies come from the address that was asked, and nobody else is served.
        listener = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Link.Bind(listener, new IPEndPoint(config.Address, config.TftpPort), "TFTP");
        blockLimit = Link.MtuOf(config.Address) - Headers;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        listener?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var buffer = new byte[2048];
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var received = await listener!.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), stoppingToken);
                Handle(buffer.AsSpan(0, received.ReceivedBytes), (IPEndPoint)received.RemoteEndPoint, stoppingToken);
            }
            catch (SocketException failure)
            {
                LogSocketError(failure.Message);
            }
        }
    }

    private void Handle(ReadOnlySpan<byte> datagram, IPEndPoint client, CancellationToken cancellation)
    {
        if (!TftpPacket.TryReadRequest(datagram, out var request, out var refusal))
        {
            // An ERROR is never answered with an ERROR (netboot.md 13.1).
            if (TftpPacket.OpcodeOf(datagram) != TftpOpcode.Error)
                Refuse(client, refusal);
            return;
        }
        if (!TftpPath.TryNormalize(request.FileName, out var path))
            Refuse(client, new(TftpError.AccessViolation, "That path is not served.", "path-refused"));
        else if (Locate(path) is not { } file)
            Refuse(client, new(TftpError.FileNotFound, "File not found.", "file-not-found"));
        else if (TryBegin(client))
            _ = TransferAsync(request, path, file, client, cancellation);
    }

    // b/SESSION/NAME, or the plain name for machines whose own configuration says so.
    private string? Locate(string path)
    {
        var name = path.Split('/') is ["b", _, var last] ? last : path;
        if (name != config.BiosLoader && name != config.UefiLoader && (name == "" || name != config.Arm64Loader))
            return null;
        var file = Path.Combine(config.IpxeDirectory, name);
        return File.Exists(file) ? file : null;
    }

    private async Task TransferAsync(
        TftpReadRequest request, string path, string file, IPEndPoint client, CancellationToken cancellation)
    {
        var session = path.Split('/') is ["b", var id, _] ? sessions.Find(id) : null;
        using var span = session?.Span("tftp");
        try
        {
            using var content = Open(file, request.Netascii);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(config.Address, 0));
            var outcome = await RunAsync(request, content, socket, client, cancellation);
            span?.SetTag("tftp.file", path).SetTag("tftp.outcome", outcome.ToString()).SetTag("tftp.bytes", content.Length);
            if (outcome == TftpOutcome.Completed && session is not null)
                reporter.LoaderFetched(session);
            if (outcome == TftpOutcome.TimedOut)
                LogTimedOut(client.ToString(), path);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The agent ends; the machine asks the next one.
        }
        catch (Exception failure)
        {
            // One machine's transfer must not end unseen, nor end the others.
            LogTransferError(client.ToString(), path, failure.Message);
        }
        finally
        {
            lock (gate)
                running.Remove(client);
        }
    }

    private async Task<TftpOutcome> RunAsync(
        TftpReadRequest request, Stream content, Socket socket, IPEndPoint client, CancellationToken cancellation)
    {
        var transfer = new TftpTransfer(request, content.Length, (offset, into) =>
        {
            content.Position = offset;
            return content.ReadAtLeast(into, into.Length, throwOnEndOfStream: false);
        }, packet => socket.SendTo(packet.Span, client), blockLimit);
        transfer.Start(clock.GetUtcNow());
        var buffer = new byte[2048];
        while (transfer.Outcome == TftpOutcome.Running)
        {
            using var timeout = new CancellationTokenSource(Max(transfer.Deadline - clock.GetUtcNow(), TimeSpan.FromMilliseconds(1)), clock);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timeout.Token);
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), deadline.Token);
                if (received.RemoteEndPoint.Equals(client))
                    transfer.OnPacket(buffer.AsSpan(0, received.ReceivedBytes), clock.GetUtcNow());
                else if (TftpPacket.OpcodeOf(buffer.AsSpan(0, received.ReceivedBytes)) != TftpOpcode.Error)
                    TrySend(socket, TftpPacket.WriteError(TftpError.UnknownTransferId, "Unknown transfer."), received.RemoteEndPoint);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                transfer.OnTimeout(clock.GetUtcNow());
            }
        }
        return transfer.Outcome;
    }

    private static Stream Open(string file, bool netascii) => netascii
        ? new MemoryStream(Netascii.Encode(File.ReadAllBytes(file)))
        : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 << 10);

    private bool TryBegin(IPEndPoint client)
    {
        lock (gate)
        {
            if (running.ContainsKey(client))
                return false; // The request again, from a client that was impatient: its transfer goes on.
            var full = running.Count >= MaximumTransfers || running.Values.Count(a => a.Equals(client.Address)) >= MaximumPerClient;
            if (full)
                refused.Count("tftp/too-many-transfers"); // Without an answer: the client asks again.
            else
                running.Add(client, client.Address);
            return !full;
        }
    }

    private void Refuse(IPEndPoint client, TftpRefusal refusal)
    {
        refused.Count("tftp/" + refusal.Reason);
        LogRefused(client.ToString(), refusal.Message);
        TrySend(listener!, TftpPacket.WriteError(refusal.Code, refusal.Message), client);
    }

    // A stranger may claim an address or a port that nothing can be sent to; that is not the next client's trouble.
    private void TrySend(Socket socket, byte[] packet, EndPoint to)
    {
        try
        {
            socket.SendTo(packet, to);
        }
        catch (SocketException failure)
        {
            refused.Count("tftp/unanswerable");
            LogRefused(to.ToString() ?? "", failure.Message);
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    [LoggerMessage(LogLevel.Debug, "TFTP: {Client} is refused: {Reason}")]
    private partial void LogRefused(string client, string reason);

    [LoggerMessage(LogLevel.Warning, "TFTP: receiving failed: {Error}")]
    private partial void LogSocketError(string error);

    [LoggerMessage(LogLevel.Warning, "TFTP: {Client} answered no more while it loaded {Path}")]
    private partial void LogTimedOut(string client, string path);

    [LoggerMessage(LogLevel.Warning, "TFTP: {Client} could not be served {Path}: {Error}")]
    private partial void LogTransferError(string client, string path, string error);
}
