using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Tftp;

namespace Cozy.Fleet.Simulator.Firmware;

/// <summary>Loads one file by TFTP as boot ROMs do: strictly from the server that answered, and whole or not at all.</summary>
internal sealed class TftpLoader(IPAddress from, IPEndPoint server, int window)
{
    // Silence in a row; a ROM gives up then.
    private const int MostTimeouts = 6;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    /// <exception cref="IOException">The server refused, fell silent, or sent another length than it announced.</exception>
    public async Task<byte[]> LoadAsync(string file, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(from, 0));
        var peer = server;
        using var loaded = new MemoryStream();
        var download = new TftpDownload(file, 1468, window, loaded, packet => socket.SendTo(packet.Span, peer));
        download.Start();
        var buffer = new byte[65536];
        for (var timeouts = 0; !download.Completed;)
        {
            if (await ReceiveAsync(socket, buffer, cancellation) is not { } received)
            {
                if (++timeouts == MostTimeouts)
                    throw new IOException($"PXE-E32: TFTP: {file}: {server} does not answer");
                download.OnTimeout();
                continue;
            }
            // The first answer tells the transfer's port; what comes from elsewhere is not part of it (RFC 1350 4).
            var sender = (IPEndPoint)received.RemoteEndPoint;
            if (!sender.Address.Equals(server.Address) || (peer != server && !sender.Equals(peer)))
                continue;
            (peer, timeouts) = (sender, 0);
            download.OnPacket(buffer.AsSpan(0, received.ReceivedBytes));
            if (download.Error is { } error)
                throw new IOException($"PXE-T01: TFTP: {file}: {error}");
        }
        if (loaded.Length == 0 || (download.AnnouncedLength >= 0 && loaded.Length != download.AnnouncedLength))
            throw new IOException($"TFTP: {file} has {loaded.Length} bytes, {download.AnnouncedLength} were announced");
        return loaded.ToArray();
    }

    private static async Task<SocketReceiveFromResult?> ReceiveAsync(Socket socket, byte[] buffer, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Silence);
        try
        {
            return await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
