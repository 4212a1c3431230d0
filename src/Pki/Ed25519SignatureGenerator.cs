using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.X509;

namespace Cozy.Fleet.Pki;

/// <summary>
/// Lets .NET's certificate builder sign with an Ed25519 key, which .NET itself cannot hold (dotnet-facts.md 4). Talos' own CA
/// is Ed25519 by default.
/// </summary>
internal sealed class Ed25519SignatureGenerator(Ed25519PrivateKeyParameters key) : X509SignatureGenerator
{
    // AlgorithmIdentifier of RFC 8410: SEQUENCE { OID 1.3.101.112 }.
    private static readonly byte[] Algorithm = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];

    /// <inheritdoc/>
    public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Algorithm;

    /// <inheritdoc/>
    public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm)
    {
        var signer = new Ed25519Signer();
        signer.Init(forSigning: true, key);
        signer.BlockUpdate(data, 0, data.Length);
        return signer.GenerateSignature();
    }

    /// <inheritdoc/>
    protected override PublicKey BuildPublicKey() => KeyOf(key);

    /// <summary>The public half as .NET's builder takes it.</summary>
    public static PublicKey KeyOf(Ed25519PrivateKeyParameters key) => PublicKey.CreateFromSubjectPublicKeyInfo(
        SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key.GeneratePublicKey()).GetEncoded(), out _);
}
