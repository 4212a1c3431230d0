using System.Security.Cryptography;
using System.Text;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Storage;

public sealed class SecretSealTests
{
    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("the cluster's CA key");

    private readonly SecretSeal seal = new(RandomNumberGenerator.GetBytes(32));

    [Fact]
    public void What_was_sealed_opens_for_its_purpose() =>
        Assert.Equal(Secret, seal.Open("clusters/c1", seal.Seal("clusters/c1", Secret)));

    [Fact]
    public void An_empty_secret_is_a_secret() => Assert.Empty(seal.Open("clusters/c1", seal.Seal("clusters/c1", [])));

    [Fact]
    public void Equal_secrets_look_different() => Assert.NotEqual(seal.Seal("p", Secret), seal.Seal("p", Secret));

    [Fact]
    public void Another_purpose_does_not_open_it()
    {
        var refusal = Assert.Throws<CryptographicException>(() => seal.Open("clusters/c2", seal.Seal("clusters/c1", Secret)));

        Assert.Contains("clusters/c2 does not open", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_key_does_not_open_it() => Assert.Throws<CryptographicException>(
        () => new SecretSeal(RandomNumberGenerator.GetBytes(32)).Open("p", seal.Seal("p", Secret)));

    [Fact]
    public void Any_changed_character_and_any_prefix_is_refused()
    {
        var text = seal.Seal("p", Secret);
        for (var at = 0; at < text.Length; at++)
        {
            Assert.Throws<CryptographicException>(() => seal.Open("p", text[..at]));
            var changed = text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..];
            // The last characters of base64 hold bits that say nothing.
            if (at < text.Length - 3)
                Assert.Throws<CryptographicException>(() => seal.Open("p", changed));
        }
    }
}
