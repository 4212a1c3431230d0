using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Pki.Tests;

public sealed class CertificateAuthorityTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    public static TheoryData<string, string> Kinds => new()
    {
        { "ed25519", "O=talos" }, { "p256", "O=kubernetes" }, { "p256", "" }, { "rsa", "O=etcd" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task OpenSSL_accepts_every_CA_and_leaf_that_we_issue(string kind, string subject)
    {
        using var openssl = OpenSsl.OrSkip();
        var authority = CertificateAuthority.Create(subject, Key(kind), Now, Year);
        var ca = openssl.Write("ca.pem", authority.CertificatePem);
        var client = openssl.Write("client.pem", authority.Issue(Client()).Certificate);
        var server = openssl.Write("server.pem", authority.Issue(Server(), Key(kind)).ExportCertificatePem());

        foreach (var (leaf, purpose) in new[] { (client, "sslclient"), (server, "sslserver") })
        {
            // The aggregator CA of Talos has no subject (talos.md 4.2), which only the strict rules mind.
            string[] strict = subject == "" ? [] : ["-x509_strict"];
            var (exitCode, output) = await OpenSsl.RunAsync(["verify", .. strict, "-purpose", purpose, "-CAfile", ca, leaf]);
            Assert.True(exitCode == 0, output);
        }
    }

    [Fact]
    public async Task OpenSSL_refuses_a_client_certificate_as_a_servers()
    {
        using var openssl = OpenSsl.OrSkip();
        var authority = CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, Year);
        var leaf = openssl.Write("leaf.pem", authority.Issue(Client()).Certificate);

        var (exitCode, _) = await OpenSsl.RunAsync(
            "verify", "-purpose", "sslserver", "-CAfile", openssl.Write("ca.pem", authority.CertificatePem), leaf);

        Assert.NotEqual(0, exitCode);
    }

    [Fact]
    public void A_leaf_under_an_Ed25519_CA_is_P256_with_the_role_as_O_and_client_usage_alone()
    {
        var issued = CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, Year).Issue(Client());
        using var leaf = X509Certificate2.CreateFromPem(issued.Certificate, issued.Key);

        Assert.Equal(256, leaf.GetECDsaPrivateKey()!.KeySize);
        Assert.Equal("1.3.101.112", leaf.SignatureAlgorithm.Value);
        Assert.Equal(["os:admin"], CertificateCheck.Organizations(leaf));
        Assert.Equal("", CertificateCheck.CommonName(leaf));
        var usage = Assert.Single(leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>());
        Assert.Equal(["1.3.6.1.5.5.7.3.2"], usage.EnhancedKeyUsages.Cast<Oid>().Select(o => o.Value));
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, Assert.Single(leaf.Extensions.OfType<X509KeyUsageExtension>()).KeyUsages);
    }

    [Fact]
    public void A_CA_has_the_form_of_Talos_own()
    {
        var authority = CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, TimeSpan.FromHours(87600));
        using var ca = X509CertificateLoader.LoadCertificate(authority.CertificateDer);

        Assert.Equal("O=talos", ca.Subject);
        Assert.Equal(3, ca.Version);
        var constraints = Assert.Single(ca.Extensions.OfType<X509BasicConstraintsExtension>());
        Assert.True(constraints is { Critical: true, CertificateAuthority: true });
        Assert.Equal(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign,
            Assert.Single(ca.Extensions.OfType<X509KeyUsageExtension>()).KeyUsages);
        Assert.Equal(87600, (ca.NotAfter - ca.NotBefore).TotalHours);
    }

    [Fact]
    public void A_leaf_does_not_outlive_its_CA()
    {
        var authority = CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, TimeSpan.FromHours(1));
        using var leaf = X509Certificate2.CreateFromPem(authority.Issue(Client()).Certificate);
        using var ca = X509CertificateLoader.LoadCertificate(authority.CertificateDer);

        Assert.Equal(ca.NotAfter, leaf.NotAfter);
    }

    [Fact]
    public void Serial_numbers_are_positive_and_differ()
    {
        var authority = CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, Year);
        var serials = Enumerable.Range(0, 20).Select(_ => X509Certificate2.CreateFromPem(authority.Issue(Client()).Certificate).SerialNumber).ToList();

        Assert.Equal(20, serials.Distinct().Count());
        Assert.All(serials, s => Assert.InRange(Convert.FromHexString(s)[0], 0x40, 0x7f));
    }

    [Fact]
    public void A_key_that_does_not_belong_to_the_CA_certificate_is_refused()
    {
        var (one, other) = (CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, Year),
            CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now, Year));

        var refusal = Assert.Throws<CryptographicException>(() => CertificateAuthority.FromPem(one.CertificatePem, other.KeyPem));

        Assert.Equal("The private key does not belong to the CA certificate 'O=talos'.", refusal.Message);
    }

    [Fact]
    public void A_signing_request_gets_our_subject_and_not_its_own()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asked = new CertificateRequest("O=cozyfleet:operators", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var authority = CertificateAuthority.Create("O=cozyfleet", PrivateKey.NewP256(), Now, Year);

        using var leaf = authority.IssueFor(asked, new("r1", ["cozyfleet:agents"], Now, Year));

        Assert.Equal(["cozyfleet:agents"], CertificateCheck.Organizations(leaf));
        Assert.Equal("r1", CertificateCheck.CommonName(leaf));
    }

    [Fact]
    public void A_signing_request_whose_signature_was_changed_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asked = new CertificateRequest("CN=r1", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        asked[^1] ^= 1;
        var authority = CertificateAuthority.Create("O=cozyfleet", PrivateKey.NewP256(), Now, Year);

        Assert.ThrowsAny<CryptographicException>(() => authority.IssueFor(asked, Client()));
    }

    private static LeafRequest Client() => new("", ["os:admin"], Now, TimeSpan.FromHours(2));

    private static LeafRequest Server() => new("node", [], Now, Year) { IsServer = true, IsClient = false, Names = ["10.0.0.1", "node.example"] };

    private static PrivateKey Key(string kind) => kind switch
    {
        "ed25519" => PrivateKey.NewEd25519(),
        "rsa" => PrivateKey.NewRsa4096(),
        _ => PrivateKey.NewP256(),
    };
}
