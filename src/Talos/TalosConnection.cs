using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Talos;

/// <summary>
/// A connection to one node's machine API (talos.md 1.1). Without an identity it is for maintenance mode: the node's
/// certificate is made at each boot and cannot be checked. With one, the node must show a certificate of the cluster's CA for the
/// dialled address.
/// </summary>
public sealed class TalosConnection : IDisposable
{
    /// <summary>apid's port (talos.md 1.1).</summary>
    public const int DefaultPort = 50000;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly X509Certificate2? certificate;
    private readonly X509Certificate2? ca;
    private readonly GrpcChannel channel;
    private readonly IPEndPoint endPoint;

    private TalosConnection(IPEndPoint endPoint, X509Certificate2? ca, X509Certificate2? certificate)
    {
        (this.endPoint, this.ca, this.certificate) = (endPoint, ca, certificate);
        channel = GrpcChannel.ForAddress($"https://{endPoint}", new()
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectTimeout = ConnectTimeout,
                // No keep-alive pings: Talos answers frequent ones with GOAWAY (talos.md 0, trap 16).
                SslOptions = Options(),
            },
            MaxReceiveMessageSize = 32 << 20,
            DisposeHttpClient = true,
        });
    }

    internal CallInvoker Invoker => channel.CreateCallInvoker();

    public static TalosConnection Maintenance(IPAddress address, int port) => new(new(address, port), null, null);

    /// <exception cref="System.Security.Cryptography.CryptographicException">The identity is not PEM that .NET can use.</exception>
    public static TalosConnection Secure(IPAddress address, int port, TalosIdentity identity) => new(
        new(address, port), X509Certificate2.CreateFromPem(identity.Ca),
        X509Certificate2.CreateFromPem(identity.Certificate, identity.Key));

    /// <summary>
    /// Finds words for a connection that does not come about. In TLS 1.3 a refused client certificate shows only when one
    /// reads, and gRPC reports an outage (dotnet-facts.md 3): one raw handshake tells the difference.
    /// </summary>
    public async Task<string> ExplainAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ConnectTimeout);
        try
        {
            using var socket = new System.Net.Sockets.Socket(endPoint.AddressFamily, System.Net.Sockets.SocketType.Stream,
                System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(endPoint, limit.Token);
            await using var tls = new SslStream(new System.Net.Sockets.NetworkStream(socket));
            var options = Options();
            options.TargetHost = endPoint.Address.ToString();
            await tls.AuthenticateAsClientAsync(options, limit.Token);
            return await tls.ReadAsync(new byte[1], limit.Token) == 0
                ? "the node closed the connection after the handshake"
                : "the node answers; the API behind it does not";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"{endPoint} does not answer within {ConnectTimeout.TotalSeconds:0} seconds";
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            return $"{endPoint}: {exception.Message}";
        }
        catch (System.Security.Authentication.AuthenticationException)
        {
            return "the node's certificate was not issued by this cluster's CA: it is in maintenance mode, or another cluster's";
        }
        catch (IOException)
        {
            return "the node does not accept our certificate: its CA differs, or a clock is off";
        }
    }

    public void Dispose()
    {
        channel.Dispose();
        certificate?.Dispose();
        ca?.Dispose();
    }

    private SslClientAuthenticationOptions Options()
    {
        var options = new SslClientAuthenticationOptions { ApplicationProtocols = [SslApplicationProtocol.Http2] };
        if (ca is null || certificate is null)
        {
            // Maintenance mode makes its certificate at each boot, so there is no CA to check it with (talos.md 3.2). What can be
            // asked is that it shows one.
            options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
            return options;
        }
        options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        options.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { ca },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        return options;
    }
}
