using System.Security.Cryptography;
using System.Text;

namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>
/// AES-256-GCM twice: the secret under a data key of its own, the data key under the envelope key. The purpose is bound to both,
/// so that a sealed text cannot be moved to another place.
/// </summary>
internal sealed class SecretSeal : ISecretSeal
{
    public const int KeyLength = 32;

    /// <summary>In front of every sealed text; another form would be another version.</summary>
    private const string Prefix = "sealed1:";

    private const int NonceLength = 12; // NIST SP 800-38D 5.2.1.1 recommends 96 bits.
    private const int TagLength = 16;
    private const int Overhead = NonceLength + TagLength;

    private readonly byte[] envelopeKey;

    public SecretSeal(byte[] envelopeKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(envelopeKey.Length, KeyLength);
        this.envelopeKey = envelopeKey;
    }

    public string Seal(string purpose, ReadOnlySpan<byte> secret)
    {
        var bound = Encoding.UTF8.GetBytes(purpose);
        var dataKey = RandomNumberGenerator.GetBytes(KeyLength);
        byte[] all = [.. Encrypt(envelopeKey, dataKey, bound), .. Encrypt(dataKey, secret, bound)];
        CryptographicOperations.ZeroMemory(dataKey);
        return Prefix + Convert.ToBase64String(all);
    }

    public byte[] Open(string purpose, string sealedText)
    {
        var all = Bytes(purpose, sealedText);
        var bound = Encoding.UTF8.GetBytes(purpose);
        try
        {
            var dataKey = Decrypt(envelopeKey, all.AsSpan(0, KeyLength + Overhead), bound);
            var secret = Decrypt(dataKey, all.AsSpan(KeyLength + Overhead), bound);
            CryptographicOperations.ZeroMemory(dataKey);
            return secret;
        }
        catch (AuthenticationTagMismatchException cause)
        {
            throw new CryptographicException(
                $"The secret of {purpose} does not open: the envelope key is not the one that sealed it, or the stored text was changed.", cause);
        }
    }

    private static byte[] Bytes(string purpose, string sealedText)
    {
        var all = new byte[sealedText.Length];
        if (!sealedText.StartsWith(Prefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(sealedText[Prefix.Length..], all, out var length)
            || length < KeyLength + (2 * Overhead))
        {
            throw new CryptographicException($"The secret of {purpose} is not a sealed text.");
        }
        return all[..length];
    }

    // Nonce, tag, text.
    private static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> secret, byte[] bound)
    {
        var box = new byte[Overhead + secret.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceLength));
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(box.AsSpan(0, NonceLength), secret, box.AsSpan(Overhead), box.AsSpan(NonceLength, TagLength), bound);
        return box;
    }

    private static byte[] Decrypt(byte[] key, ReadOnlySpan<byte> box, byte[] bound)
    {
        var secret = new byte[box.Length - Overhead];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(box[..NonceLength], box[Overhead..], box.Slice(NonceLength, TagLength), secret, bound);
        return secret;
    }
}
