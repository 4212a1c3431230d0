using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Pki;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace Cozy.Fleet.Simulator.Tls;

/// <summary>
/// What a node shows on its API port: an Ed25519 certificate over TLS 1.3, as Talos does (talos.md 3.2, 4.5). .NET's own TLS
/// cannot hold such a key.
/// </summary>
/// <param name="ClientTrust">Whose client certificates are accepted; null in maintenance mode, where none is asked for.</param>
internal sealed record NodeTlsIdentity(X509Certificate2 Certificate, PrivateKey Key, ClientTrust? ClientTrust);

/// <summary>Which client certificates a configured node accepts (talos.md 4.5).</summary>
/// <param name="UsageIsExact">The usage must be clientAuth alone; older releases let a config switch that off.</param>
internal sealed record ClientTrust(X509Certificate2Collection Cas, bool UsageIsExact);

/// <summary>The server side of one handshake.</summary>
internal sealed class NodeTlsServer(NodeTlsIdentity identity, BcTlsCrypto crypto, TimeProvider clock) : DefaultTlsServer(crypto)
{
    /// <summary>What the client showed; null when it was not asked.</summary>
    public X509Certificate2? ClientCertificate { get; private set; }

    protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.Only();

    protected override IList<ProtocolName> GetProtocolNames() => [ProtocolName.Http_2_Tls];

    public override TlsCredentials GetCredentials()
    {
        var certificate = new BcTlsCertificate(crypto, identity.Certificate.RawData);
        return new BcDefaultTlsCredentialedSigner(
            new TlsCryptoParameters(m_context), crypto, PrivateKeyFactory.CreateKey(identity.Key.ToPkcs8()),
            new Certificate(TlsUtilities.EmptyBytes, [new CertificateEntry(certificate, null)]),
            SignatureAndHashAlgorithm.ed25519);
    }

    public override Org.BouncyCastle.Tls.CertificateRequest? GetCertificateRequest() => identity.ClientTrust is null ? null : new(
        TlsUtilities.EmptyBytes,
        [SignatureAndHashAlgorithm.ed25519, SignatureAndHashAlgorithm.GetInstance(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa)],
        null, null);

    public override void NotifyClientCertificate(Certificate clientCertificate)
    {
        if (clientCertificate.IsEmpty)
            throw new TlsFatalAlert(AlertDescription.certificate_required);
        var leaf = X509CertificateLoader.LoadCertificate(clientCertificate.GetCertificateAt(0).GetEncoded());
        var use = identity.ClientTrust!.UsageIsExact ? CertificateUse.TalosClient : CertificateUse.Client;
        if (CertificateCheck.Problem(leaf, identity.ClientTrust.Cas, clock.GetUtcNow(), use) is { } problem)
            throw new TlsFatalAlert(Alert(problem.Fault), problem.Sentence);
        ClientCertificate = leaf;
    }

    // As Go's TLS names them, and apid with it.
    private static short Alert(CertificateFault fault) => fault switch
    {
        CertificateFault.Issuer => AlertDescription.unknown_ca,
        CertificateFault.Expired or CertificateFault.NotYetValid => AlertDescription.certificate_expired,
        _ => AlertDescription.bad_certificate,
    };

    // Alerts are the client's business; the default prints them to the console.
    public override void NotifyAlertRaised(short alertLevel, short alertDescription, string message, Exception cause)
    {
    }

    public override void NotifyAlertReceived(short alertLevel, short alertDescription)
    {
    }
}
