using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Pki.Tests;

public sealed class CertificateCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly CertificateAuthority Authority = NewAuthority();

    [Fact]
    public void A_valid_certificate_is_accepted_for_what_it_is_made_for()
    {
        Assert.Null(Refusal(Leaf(), Authority, Now));
        Assert.Null(Refusal(Leaf(), Authority, Now, CertificateUse.Client));
    }

    [Fact]
    public void A_certificate_of_another_CA_is_refused_and_its_issuer_named() => Assert.Equal(
        "The certificate 'O=os:reader' was issued by 'O=talos', which is not the CA that is trusted here.",
        Refusal(Leaf(), NewAuthority(), Now));

    [Fact]
    public void An_expired_certificate_is_refused_with_its_end() => Assert.Equal(
        "The certificate 'O=os:reader' expired at 2026-03-01 13:00:00Z.", Refusal(Leaf(), Authority, Now.AddHours(2)));

    [Fact]
    public void A_certificate_of_the_future_hints_at_a_clock() => Assert.Equal(
        "The certificate 'O=os:reader' is not valid before 2026-03-01 12:00:00Z; is a clock wrong?", Refusal(Leaf(), Authority, Now.AddHours(-1)));

    [Fact]
    public void A_client_certificate_is_refused_as_a_servers() => Assert.Equal(
        "The certificate 'O=os:reader' may not be used as a server's.", Refusal(Leaf(), Authority, Now, CertificateUse.Server));

    [Fact]
    public void A_server_certificate_is_refused_as_a_clients()
    {
        var server = new LeafRequest("", [], Now, TimeSpan.FromHours(1)) { IsServer = true, IsClient = false, Names = ["10.0.0.1"] };

        Assert.Equal("The certificate without a subject may not be used as a client's.", Refusal(server, Authority, Now, CertificateUse.Client));
    }

    private static string? Refusal(LeafRequest request, CertificateAuthority trusted, DateTimeOffset now, CertificateUse use = CertificateUse.Any)
    {
        using var leaf = X509Certificate2.CreateFromPem(Authority.Issue(request).Certificate);
        using var ca = X509CertificateLoader.LoadCertificate(trusted.CertificateDer);
        return CertificateCheck.Refusal(leaf, ca, now, use);
    }

    private static LeafRequest Leaf() => new("", ["os:reader"], Now, TimeSpan.FromHours(1));

    private static CertificateAuthority NewAuthority() =>
        CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now.AddDays(-1), TimeSpan.FromDays(365));
}
