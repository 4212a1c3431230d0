using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Pki;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace Cozy.Fleet.Talos.Tls;

/// <summary>
/// The client side of one handshake with a node, for what .NET's own TLS cannot: hold an Ed25519 key, and tell a refusal by its
/// name (dotnet-facts.md 3, 3.1).
/// </summary>
/// <param name="credential">Null for maintenance mode, which asks for none and shows a certificate that nothing can check.</param>
internal sealed class NodeTlsClient(IPAddress node, TalosCredential? credential, TimeProvider clock) : DefaultTlsClient(Bouncy)
{
    private static readonly BcTlsCrypto Bouncy = new(new SecureRandom());

    /// <summary>Why we do not take the node's certificate; null while we do.</summary>
    public string? Refusal { get; private set; }

    protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();

    protected override IList<ProtocolName> GetProtocolNames() => [ProtocolName.Http_2_Tls];

    public override IList<int> GetEarlyKeyShareGroups() => [NamedGroup.x25519];

    // Nodes are dialled by address, and an address is no server name (RFC 6066 3).
    protected override IList<ServerName>? GetSniServerNames() => null;

    public override TlsAuthentication GetAuthentication() => new Authentication(this);

    public override void NotifyHandshakeComplete()
    {
        base.NotifyHandshakeComplete();
        if (!ProtocolName.Http_2_Tls.Equals(m_context.SecurityParameters.ApplicationProtocol))
            throw new TlsFatalAlert(AlertDescription.no_application_protocol, "The server does not speak HTTP/2.");
    }

    // Alerts are told by exceptions; the default prints them to the console.
    public override void NotifyAlertRaised(short alertLevel, short alertDescription, string message, Exception cause)
    {
    }

    public override void NotifyAlertReceived(short alertLevel, short alertDescription)
    {
    }

    private string? Problem(X509Certificate2 shown)
    {
        if (credential is null)
            return null;
        if (CertificateCheck.Refusal(shown, credential.Ca, clock.GetUtcNow(), CertificateUse.Server) is { } problem)
        {
            return CertificateCheck.CommonName(shown) == "maintenance-service.talos.dev"
                ? "the node is in maintenance mode: it has no config, and knows no cluster's certificates"
                : $"the node's certificate was not issued by this cluster's CA, or is not valid: {problem}";
        }
        return shown.MatchesHostname(node.ToString()) ? null
            : $"the node's certificate {CertificateCheck.Describe(shown)} is not for {node}, which was dialled: dial an address of the node itself, "
                + "or add this one to machine.certSANs";
    }

    private sealed class Authentication(NodeTlsClient client) : TlsAuthentication
    {
        public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
        {
            if (serverCertificate.Certificate.IsEmpty)
                throw new TlsFatalAlert(AlertDescription.bad_certificate, client.Refusal = "the node shows no certificate");
            using var shown = X509CertificateLoader.LoadCertificate(serverCertificate.Certificate.GetCertificateAt(0).GetEncoded());
            if ((client.Refusal = client.Problem(shown)) is { } refusal)
                throw new TlsFatalAlert(AlertDescription.bad_certificate, refusal);
        }

        public TlsCredentials? GetClientCredentials(Org.BouncyCastle.Tls.CertificateRequest certificateRequest) =>
            client.Credentials();
    }

    private BcDefaultTlsCredentialedSigner? Credentials()
    {
        if (credential is null)
            return null;
        var certificate = new BcTlsCertificate(Bouncy, credential.Certificate.RawData);
        return new(new TlsCryptoParameters(m_context), Bouncy, PrivateKeyFactory.CreateKey(credential.Key.ToPkcs8()),
            new Certificate(TlsUtilities.EmptyBytes, [new CertificateEntry(certificate, null)]),
            credential.Certificate.GetKeyAlgorithm() switch
            {
                TalosCredential.Ed25519 => SignatureAndHashAlgorithm.ed25519,
                TalosCredential.Rsa => SignatureAndHashAlgorithm.rsa_pss_rsae_sha256,
                _ => SignatureAndHashAlgorithm.GetInstance(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa),
            });
    }
}
