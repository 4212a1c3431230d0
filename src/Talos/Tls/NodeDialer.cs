using System.Net;
using System.Net.Sockets;
using Org.BouncyCastle.Tls;

namespace Cozy.Fleet.Talos.Tls;

/// <summary>Opens TLS connections to one node through <see cref="NodeTlsClient"/>, and says in words why one does not come about.</summary>
internal sealed class NodeDialer(IPEndPoint endPoint, TalosCredential? credential, TimeProvider clock)
{
    /// <summary>How long a connection may take to come about.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <exception cref="IOException">The node does not take us, or we do not take the node.</exception>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    public async Task<Stream> DialAsync(CancellationToken cancellation) =>
        await HandshakeAsync(new(endPoint.Address, credential, clock), cancellation);

    /// <summary>
    /// One raw handshake. In TLS 1.3 a refused client certificate shows only when one reads, and gRPC reports an outage
    /// (dotnet-facts.md 3): this tells the difference.
    /// </summary>
    public async Task<string> ExplainAsync(CancellationToken cancellation)
    {
        var client = new NodeTlsClient(endPoint.Address, credential, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            await using var tls = await HandshakeAsync(client, limit.Token);
            return await tls.ReadAsync(new byte[1], limit.Token) == 0
                ? "the node closed the connection after the handshake"
                : "the node answers; the API behind it does not";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"{endPoint} does not answer within {Limit.TotalSeconds:0} seconds";
        }
        catch (SocketException exception)
        {
            return $"{endPoint}: {exception.Message}";
        }
        catch (TlsFatalAlertReceived alert)
        {
            return AlertWords.Of(alert.AlertDescription, credential, clock.GetUtcNow());
        }
        catch (IOException failure)
        {
            return client.Refusal ?? $"{endPoint} ended the handshake: {failure.Message}";
        }
    }

    private async Task<BouncyTlsStream> HandshakeAsync(NodeTlsClient client, CancellationToken cancellation)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            var protocol = new TlsClientProtocol();
            protocol.Connect(client);
            var tls = new BouncyTlsStream(protocol, new NetworkStream(socket, ownsSocket: true));
            await tls.HandshakeAsync(cancellation);
            return tls;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
