using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Pki;

/// <summary>A certificate with its private key, both PEM.</summary>
public sealed record CertificateAndKey(string Certificate, string Key);

/// <summary>What a leaf certificate says.</summary>
/// <param name="Organizations">One O per entry, such as a Talos role or a Kubernetes group.</param>
public sealed record LeafRequest(string CommonName, IReadOnlyList<string> Organizations, DateTimeOffset NotBefore, TimeSpan Life)
{
    /// <summary>Server certificates carry names; client certificates carry none.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    public bool IsServer { get; init; }

    /// <summary>Both usages at once, as Kubernetes' own components have; Talos refuses such a client (talos.md 4.5).</summary>
    public bool IsClient { get; init; } = true;
}

/// <summary>A CA that issues leaf certificates: Ed25519 or P-256, as in Talos' PKI (talos.md 4.2).</summary>
public sealed class CertificateAuthority
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 certificate;
    private readonly PrivateKey key;

    private CertificateAuthority(X509Certificate2 certificate, PrivateKey key) => (this.certificate, this.key) = (certificate, key);

    /// <summary>The CA certificate, PEM.</summary>
    public string CertificatePem => certificate.ExportCertificatePem() + "\n";

    /// <summary>The CA certificate, DER.</summary>
    public byte[] CertificateDer => certificate.RawData;

    /// <summary>The key with the label that Talos writes.</summary>
    public string KeyPem => key.ToPem() + "\n";

    /// <summary>SHA-256 over the certificate, lower-case hexadecimal.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    /// <summary>A new self-signed CA. The subject is a DN such as <c>O=talos</c>; empty is allowed.</summary>
    public static CertificateAuthority Create(string subject, PrivateKey key, DateTimeOffset notBefore, TimeSpan life)
    {
        var request = new CertificateRequest(new X500DistinguishedName(subject), key.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(Usages(ServerAuth, ClientAuth));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(RandomNumberGenerator.GetBytes(20), false));
        var certificate = request.Create(request.SubjectName, key.Signer, notBefore, notBefore + life, Serial());
        return new(certificate, key);
    }

    /// <summary>Reads a CA from PEM, as a secrets bundle or a machine config holds it.</summary>
    /// <exception cref="CryptographicException">One of the two cannot be read, or they do not belong together.</exception>
    public static CertificateAuthority FromPem(string certificatePem, string keyPem)
    {
        var (certificate, key) = (X509Certificate2.CreateFromPem(certificatePem), PrivateKey.FromPem(keyPem));
        // Checked here, because what such a pair issues is refused by everybody, and nobody says why.
        if (!key.Fits(certificate))
            throw new CryptographicException($"The private key does not belong to the CA certificate '{certificate.Subject}'.");
        return new(certificate, key);
    }

    /// <summary>Issues a leaf with a new key on P-256, which .NET can use whatever the CA's own kind is.</summary>
    public CertificateAndKey Issue(LeafRequest leaf)
    {
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = Sign(new PublicKey(leafKey), leaf);
        return new(issued.ExportCertificatePem() + "\n", leafKey.ExportECPrivateKeyPem() + "\n");
    }

    /// <summary>Issues a leaf for a key that we made before, such as a server's own Ed25519 key.</summary>
    public X509Certificate2 Issue(LeafRequest leaf, PrivateKey leafKey) => Sign(leafKey.PublicKey, leaf);

    /// <summary>Issues a leaf for the key in a PKCS #10 request. Its subject is ours to say, never the requester's.</summary>
    /// <exception cref="CryptographicException">The request is damaged, or its signature does not fit its key.</exception>
    public X509Certificate2 IssueFor(byte[] certificateSigningRequest, LeafRequest leaf)
    {
        var request = CertificateRequest.LoadSigningRequest(certificateSigningRequest, HashAlgorithmName.SHA256);
        return Sign(request.PublicKey, leaf);
    }

    private X509Certificate2 Sign(PublicKey publicKey, LeafRequest leaf)
    {
        var request = new CertificateRequest(Subject(leaf), publicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        string[] usages = [.. leaf.IsServer ? [ServerAuth] : Array.Empty<string>(), .. leaf.IsClient ? [ClientAuth] : Array.Empty<string>()];
        request.CertificateExtensions.Add(Usages(usages));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(certificate, true, false));
        if (leaf.Names.Count > 0)
            request.CertificateExtensions.Add(AlternativeNames(leaf.Names));

        var notAfter = leaf.NotBefore + leaf.Life;
        var last = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        return request.Create(certificate.SubjectName, key.Signer, leaf.NotBefore, notAfter < last ? notAfter : last, Serial());
    }

    private static X500DistinguishedName Subject(LeafRequest leaf)
    {
        var name = new X500DistinguishedNameBuilder();
        // The builder writes the last one first; Go reads every O, in any order.
        foreach (var organization in leaf.Organizations)
            name.AddOrganizationName(organization);
        if (leaf.CommonName != "")
            name.AddCommonName(leaf.CommonName);
        return name.Build();
    }

    private static X509Extension AlternativeNames(IReadOnlyList<string> names)
    {
        var alternative = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
                alternative.AddIpAddress(address);
            else
                alternative.AddDnsName(name);
        }
        return alternative.Build();
    }

    private static X509EnhancedKeyUsageExtension Usages(params string[] usages)
    {
        var collection = new OidCollection();
        foreach (var usage in usages)
            collection.Add(new Oid(usage));
        return new(collection, critical: false);
    }

    // A positive number of 16 bytes (RFC 5280 4.1.2.2).
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
