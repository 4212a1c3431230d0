namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>Seals secrets before they are stored (design 3.9): a fresh data key for each, wrapped by the envelope key.</summary>
public interface ISecretSeal
{
    /// <param name="purpose">Bound to the sealed text: it opens for the same purpose only, such as <c>clusters/c1</c>.</param>
    string Seal(string purpose, ReadOnlySpan<byte> secret);

    /// <exception cref="System.Security.Cryptography.CryptographicException">Another key, another purpose, or changed data.</exception>
    byte[] Open(string purpose, string sealedText);
}
