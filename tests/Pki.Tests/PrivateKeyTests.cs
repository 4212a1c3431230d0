using System.Security.Cryptography;

namespace Cozy.Fleet.Pki.Tests;

public sealed class PrivateKeyTests
{
    public static TheoryData<string, string> Labels => new()
    {
        { "ed25519", "ED25519 PRIVATE KEY" }, { "p256", "EC PRIVATE KEY" }, { "rsa", "RSA PRIVATE KEY" },
    };

    [Theory]
    [MemberData(nameof(Labels))]
    public void A_key_has_the_PEM_label_that_Talos_writes_and_reads_back_as_the_same_key(string kind, string label)
    {
        var key = New(kind);

        var pem = key.ToPem();

        Assert.StartsWith($"-----BEGIN {label}-----\n", pem, StringComparison.Ordinal);
        Assert.Equal(key.ToPkcs8(), PrivateKey.FromPem(pem).ToPkcs8());
    }

    [Theory]
    [MemberData(nameof(Labels))]
    public void PKCS8_under_its_own_label_is_read_too(string kind, string label)
    {
        var key = New(kind);
        var pem = PemEncoding.WriteString("PRIVATE KEY", key.ToPkcs8());

        Assert.StartsWith($"-----BEGIN {label}-----", PrivateKey.FromPem(pem).ToPem(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_Ed25519_key_is_PKCS8_version_1_of_48_bytes()
    {
        var der = PrivateKey.NewEd25519().ToPkcs8();

        Assert.Equal(48, der.Length);
        Assert.Equal("302e020100300506032b657004220420", Convert.ToHexStringLower(der.AsSpan(0, 16)));
    }

    [Theory]
    [MemberData(nameof(Labels))]
    public async Task OpenSSL_reads_every_key_as_PKCS8(string kind, string label)
    {
        using var openssl = OpenSsl.OrSkip();
        var path = openssl.Write("key.pem", PemEncoding.WriteString("PRIVATE KEY", New(kind).ToPkcs8()) + "\n");

        var (exitCode, output) = await OpenSsl.RunAsync("pkey", "-in", path, "-noout", "-text");

        Assert.True(exitCode == 0, $"{label}: {output}");
    }

    [Theory]
    [InlineData("", "There is no PEM block in the private key.")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "A PEM block 'CERTIFICATE' is not a private key.")]
    public void What_is_no_key_is_refused_in_words(string pem, string message) =>
        Assert.Equal(message, Assert.Throws<CryptographicException>(() => PrivateKey.FromPem(pem)).Message);

    [Fact]
    public void A_curve_that_Talos_does_not_use_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        var refusal = Assert.Throws<CryptographicException>(() => PrivateKey.FromPem(key.ExportECPrivateKeyPem()));

        Assert.Equal("An elliptic curve of 384 bits is not a kind that Talos uses.", refusal.Message);
    }

    private static PrivateKey New(string kind) => kind switch
    {
        "ed25519" => PrivateKey.NewEd25519(),
        "rsa" => PrivateKey.NewRsa4096(),
        _ => PrivateKey.NewP256(),
    };
}
