using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace Cozy.Fleet.Pki;

/// <summary>
/// A private key of one of the kinds in Talos' PKI (talos.md 4.2): Ed25519 for the machine API, P-256 for the other CAs, RSA
/// for service account tokens.
/// </summary>
public abstract class PrivateKey
{
    // PKCS #8 version 1 of RFC 8410 in front of the 32 bytes of the key. Version 2, which BouncyCastle writes, is not read by
    // OpenSSL 3.0 (dotnet-facts.md 4).
    private static readonly byte[] Ed25519Prefix = Convert.FromHexString("302e020100300506032b657004220420");

    private PrivateKey()
    {
    }

    internal abstract X509SignatureGenerator Signer { get; }

    internal abstract PublicKey PublicKey { get; }

    /// <summary>PEM with the label that Talos writes for this kind (talos.md 4.2).</summary>
    public abstract string ToPem();

    /// <summary>PKCS #8, DER.</summary>
    public abstract byte[] ToPkcs8();

    /// <summary>True when a certificate is for this key.</summary>
    public bool Fits(X509Certificate2 certificate) =>
        certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(PublicKey.ExportSubjectPublicKeyInfo());

    /// <summary>A new key for Talos' machine API CA.</summary>
    public static PrivateKey NewEd25519() => new Ed25519(new Ed25519PrivateKeyParameters(new SecureRandom()));

    /// <summary>A new key on P-256.</summary>
    public static PrivateKey NewP256() => new P256(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>A new RSA key of 4096 bits.</summary>
    public static PrivateKey NewRsa4096() => new Rsa(RSA.Create(4096));

    /// <summary>Reads any label: Talos' ED25519 PRIVATE KEY, SEC 1, PKCS #1 and PKCS #8.</summary>
    /// <exception cref="CryptographicException">It is not a private key of a kind that Talos uses.</exception>
    public static PrivateKey FromPem(string pem)
    {
        if (!PemEncoding.TryFind(pem, out var fields))
            throw new CryptographicException("There is no PEM block in the private key.");
        var label = pem[fields.Label];
        var der = Convert.FromBase64String(pem[fields.Base64Data]);
        return label switch
        {
            "EC PRIVATE KEY" => new P256(Import(ECDsa.Create(), key => key.ImportECPrivateKey(der, out _))),
            "RSA PRIVATE KEY" => new Rsa(Import(RSA.Create(), key => key.ImportRSAPrivateKey(der, out _))),
            "ED25519 PRIVATE KEY" or "PRIVATE KEY" => FromPkcs8(der),
            _ => throw new CryptographicException($"A PEM block '{label}' is not a private key."),
        };
    }

    private static PrivateKey FromPkcs8(byte[] der) => PrivateKeyFactory.CreateKey(der) switch
    {
        Ed25519PrivateKeyParameters key => new Ed25519(key),
        ECPrivateKeyParameters => new P256(Import(ECDsa.Create(), key => key.ImportPkcs8PrivateKey(der, out _))),
        RsaKeyParameters => new Rsa(Import(RSA.Create(), key => key.ImportPkcs8PrivateKey(der, out _))),
        AsymmetricKeyParameter other => throw new CryptographicException($"{other.GetType().Name} is not a kind that Talos uses."),
    };

    private static T Import<T>(T key, Action<T> import)
    {
        import(key);
        return key;
    }

    private sealed class Ed25519(Ed25519PrivateKeyParameters key) : PrivateKey
    {
        internal override X509SignatureGenerator Signer { get; } = new Ed25519SignatureGenerator(key);

        internal override PublicKey PublicKey => Ed25519SignatureGenerator.KeyOf(key);

        public override string ToPem() => PemEncoding.WriteString("ED25519 PRIVATE KEY", ToPkcs8());

        public override byte[] ToPkcs8() => [.. Ed25519Prefix, .. key.GetEncoded()];
    }

    private sealed class P256(ECDsa key) : PrivateKey
    {
        internal override X509SignatureGenerator Signer { get; } = key.KeySize == 256
            ? X509SignatureGenerator.CreateForECDsa(key)
            : throw new CryptographicException($"An elliptic curve of {key.KeySize} bits is not a kind that Talos uses.");

        internal override PublicKey PublicKey => new(key);

        public override string ToPem() => key.ExportECPrivateKeyPem();

        public override byte[] ToPkcs8() => key.ExportPkcs8PrivateKey();
    }

    private sealed class Rsa(RSA key) : PrivateKey
    {
        internal override X509SignatureGenerator Signer { get; } =
            X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1);

        internal override PublicKey PublicKey => new(key);

        public override string ToPem() => key.ExportRSAPrivateKeyPem();

        public override byte[] ToPkcs8() => key.ExportPkcs8PrivateKey();
    }
}
