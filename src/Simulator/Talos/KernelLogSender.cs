using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// Sends a node's kernel log as JSON objects, with a line's end over TCP, one a datagram over UDP (talos.md 3.6). Over TCP a line that
/// could not be sent is sent again by the next connection.
/// </summary>
internal sealed class KernelLogSender(TalosRun run)
{
    /// <summary>Runs until the log is complete and sent, or it is cancelled.</summary>
    /// <param name="url">tcp://HOST:PORT or udp://HOST:PORT.</param>
    public async Task RunAsync(string url, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var destination) || !IPAddress.TryParse(destination.Host, out var host))
            return; // A name would need a resolver, which a simulated machine does not have.
        var to = new IPEndPoint(host, destination.Port);
        Stream? connection = null;
        try
        {
            var sequence = 0;
            await foreach (var line in NodeLogs.MessagesAsync(run, follow: true, tail: false, cancellation))
            {
                var json = Json(line, ++sequence);
                if (destination.Scheme == "udp")
                    await SendAsync(json, to, cancellation);
                else
                    connection = await WriteAsync(connection, [.. json, (byte)'\n'], to, cancellation);
            }
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
        }
    }

    private async Task<Stream> WriteAsync(Stream? connection, byte[] line, IPEndPoint to, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                connection ??= await NodeSocket.ConnectAsync(run.Address, to, cancellation);
                await connection.WriteAsync(line, cancellation);
                return connection;
            }
            catch (Exception away) when (away is IOException or SocketException)
            {
                if (connection is not null)
                    await connection.DisposeAsync();
                connection = null;
                await run.Pace.WaitAsync(1, cancellation);
            }
        }
    }

    private async Task SendAsync(byte[] line, IPEndPoint to, CancellationToken cancellation)
    {
        using var socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(run.Address, 0));
        await socket.SendToAsync(line, to, cancellation);
    }

    private byte[] Json(KernelMessage line, int sequence)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("clock", (long)(run.Pace.Clock.GetUtcNow() - run.BootTime).TotalMicroseconds);
            json.WriteString("facility", line.Facility);
            json.WriteString("msg", line.Text);
            json.WriteString("priority", line.Priority);
            json.WriteNumber("seq", sequence);
            json.WriteString("talos-level", line.Priority == "warning" ? "warn" : "info");
            json.WriteString("talos-time", NodeLogs.Time(run));
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }
}
