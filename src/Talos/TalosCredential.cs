using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Pki;

namespace Cozy.Fleet.Talos;

/// <summary>A client certificate for the machine API, and the CA that the node's own certificate must come from. PEM.</summary>
public sealed record TalosIdentity(string Ca, string Certificate, string Key)
{
    /// <summary>Hides the key from log lines.</summary>
    public override string ToString() => "TalosIdentity";
}

/// <summary>An identity, read. .NET itself can hold the key when it is on P-256; an Ed25519 one works through <see cref="Tls.NodeTlsClient"/>.</summary>
internal sealed class TalosCredential : IDisposable
{
    /// <summary>Key algorithms by their object identifiers (RFC 8410, RFC 8017).</summary>
    public const string Ed25519 = "1.3.101.112";
    public const string Rsa = "1.2.840.113549.1.1.1";

    private TalosCredential(X509Certificate2 ca, X509Certificate2 certificate, PrivateKey key) => (Ca, Certificate, Key) = (ca, certificate, key);

    public X509Certificate2 Ca { get; }

    /// <summary>Without its private key.</summary>
    public X509Certificate2 Certificate { get; }

    public PrivateKey Key { get; }

    public bool IsEd25519 => Certificate.GetKeyAlgorithm() == Ed25519;

    /// <summary>One O for each role (talos.md 4.3).</summary>
    public IReadOnlyList<string> Roles => CertificateCheck.Organizations(Certificate);

    /// <exception cref="CryptographicException">A part cannot be read, or key and certificate do not belong together; says which.</exception>
    public static TalosCredential From(TalosIdentity identity)
    {
        var credential = new TalosCredential(
            Read("CA certificate", identity.Ca, pem => X509Certificate2.CreateFromPem(pem)),
            Read("client certificate", identity.Certificate, pem => X509Certificate2.CreateFromPem(pem)),
            Read("client key", identity.Key, PrivateKey.FromPem));
        if (credential.Key.Fits(credential.Certificate))
            return credential;
        credential.Dispose();
        throw new CryptographicException("The client key of the Talos identity does not belong to its client certificate; take both from one file.");
    }

    /// <summary>Certificate and key as .NET's TLS takes them; not for Ed25519.</summary>
    public X509Certificate2 WithKey() => X509Certificate2.CreateFromPem(Certificate.ExportCertificatePem(), Key.ToPem());

    public void Dispose()
    {
        Ca.Dispose();
        Certificate.Dispose();
    }

    private static T Read<T>(string part, string pem, Func<string, T> read)
    {
        try
        {
            return read(pem);
        }
        // What was read is not repeated: it may be the key.
        catch (Exception unreadable) when (unreadable is CryptographicException or FormatException or ArgumentException or IOException)
        {
            throw new CryptographicException($"The {part} of the Talos identity is not PEM that can be read; get a new talosconfig.", unreadable);
        }
    }
}
