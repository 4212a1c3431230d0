using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Talos.Tls;
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

    private readonly TalosCredential? credential;
    private readonly X509Certificate2? withKey;
    private readonly GrpcChannel channel;
    private readonly NodeDialer dialer;

    private TalosConnection(IPEndPoint endPoint, TalosCredential? credential)
    {
        this.credential = credential;
        // Certificates are valid or not by the machine's own clock, in .NET's TLS as well.
        dialer = new(endPoint, credential, TimeProvider.System);
        // .NET cannot hold an Ed25519 key: then the connections are made by us, and the channel sees plain HTTP/2 over them.
        var isOurs = credential is { IsEd25519: true };
        var handler = new SocketsHttpHandler { ConnectTimeout = NodeDialer.Limit };
        // No keep-alive pings: Talos answers frequent ones with GOAWAY (talos.md 0, trap 16).
        if (isOurs)
            handler.ConnectCallback = async (_, cancellation) => await dialer.DialAsync(cancellation);
        else
            handler.SslOptions = Options(credential?.Ca, withKey = credential?.WithKey());
        channel = GrpcChannel.ForAddress($"{(isOurs ? "http" : "https")}://{endPoint}", new()
        {
            HttpHandler = handler,
            MaxReceiveMessageSize = 32 << 20,
            DisposeHttpClient = true,
        });
    }

    /// <summary>The roles that our certificate carries; none in maintenance mode.</summary>
    internal IReadOnlyList<string> Roles => credential?.Roles ?? [];

    internal CallInvoker Invoker => channel.CreateCallInvoker();

    public static TalosConnection Maintenance(IPAddress address, int port) => new(new(address, port), null);

    /// <exception cref="System.Security.Cryptography.CryptographicException">A part of the identity cannot be used; says which.</exception>
    public static TalosConnection Secure(IPAddress address, int port, TalosIdentity identity) =>
        new(new(address, port), TalosCredential.From(identity));

    /// <summary>Finds words for a connection that does not come about: which certificate is refused, by whom, and what to do.</summary>
    public Task<string> ExplainAsync(CancellationToken cancellation) => dialer.ExplainAsync(cancellation);

    public void Dispose()
    {
        channel.Dispose();
        withKey?.Dispose();
        credential?.Dispose();
    }

    private static SslClientAuthenticationOptions Options(X509Certificate2? ca, X509Certificate2? certificate)
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
