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
    public void A_certificate_of_another_CA_is_refused_with_both_named()
    {
        var trusted = NewAuthority();

        Assert.Equal(
            $"The certificate 'O=os:reader' was issued by 'O=talos', which is not the CA that is trusted here ('O=talos', SHA-256 "
            + $"{trusted.Fingerprint[..16]}); get one from that CA.", Refusal(Leaf(), trusted, Now));
    }

    [Fact]
    public void An_expired_certificate_is_refused_with_its_validity() => Assert.Equal(
        "The certificate 'O=os:reader', valid from 2026-03-01 12:00:00Z, expired at 2026-03-01 13:00:00Z; get a new one.",
        Refusal(Leaf(), Authority, Now.AddHours(2)));

    [Fact]
    public void A_certificate_of_the_future_hints_at_a_clock() => Assert.Equal(
        "The certificate 'O=os:reader' is not valid before 2026-03-01 12:00:00Z, and it is 2026-03-01 11:00:00Z; is a clock wrong?",
        Refusal(Leaf(), Authority, Now.AddHours(-1)));

    [Fact]
    public void A_client_certificate_is_refused_as_a_servers() => Assert.Equal(
        "The certificate 'O=os:reader' has clientAuth, so it may not be used as a server's; get one with the extended key usage serverAuth.",
        Refusal(Leaf(), Authority, Now, CertificateUse.Server));

    [Fact]
    public void A_server_certificate_is_refused_as_a_clients() => Assert.Equal(
        "The certificate without a subject has serverAuth, so it may not be used as a client's; get one with the extended key usage clientAuth.",
        Refusal(new LeafRequest("", [], Now, TimeSpan.FromHours(1)) { IsServer = true, IsClient = false, Names = ["10.0.0.1"] },
            Authority, Now, CertificateUse.Client));

    [Fact]
    public void Talos_takes_a_client_certificate_that_is_nothing_else()
    {
        Assert.Null(Refusal(Leaf(), Authority, Now, CertificateUse.TalosClient));
        Assert.Equal(
            "The certificate 'O=os:reader' has serverAuth, clientAuth, so it may not be used for Talos, which takes the extended key usage "
            + "clientAuth and no other; get one with that alone.", Refusal(Leaf() with { IsServer = true }, Authority, Now, CertificateUse.TalosClient));
        Assert.Null(Refusal(Leaf() with { IsServer = true }, Authority, Now, CertificateUse.Client));
    }

    [Fact]
    public void One_of_several_CAs_is_enough()
    {
        using var leaf = X509Certificate2.CreateFromPem(Authority.Issue(Leaf()).Certificate);
        X509Certificate2Collection cas = [.. new[] { NewAuthority(), Authority }.Select(ca => X509CertificateLoader.LoadCertificate(ca.CertificateDer))];

        Assert.Null(CertificateCheck.Problem(leaf, cas, Now, CertificateUse.TalosClient));
    }

    // What openssl says at the same moment for the same files.
    [Theory]
    [InlineData(0, false, false, null, "OK")]
    [InlineData(2, false, false, CertificateFault.Expired, "certificate has expired")]
    [InlineData(-1, false, false, CertificateFault.NotYetValid, "certificate is not yet valid")]
    [InlineData(0, true, false, CertificateFault.Issuer, "unable to get local issuer certificate")]
    [InlineData(0, false, true, CertificateFault.Usage, "certificate purpose")]
    public async Task OpenSSL_is_of_the_same_opinion(int hours, bool isForeign, bool isServers, CertificateFault? fault, string words)
    {
        using var openssl = OpenSsl.OrSkip();
        var (trusted, at) = (isForeign ? NewAuthority() : Authority, Now.AddHours(hours));
        var pem = Authority.Issue(isServers ? Leaf() with { IsServer = true, IsClient = false } : Leaf()).Certificate;
        using var leaf = X509Certificate2.CreateFromPem(pem);

        var problem = CertificateCheck.Problem(leaf, [X509CertificateLoader.LoadCertificate(trusted.CertificateDer)], at, CertificateUse.Client);
        var (exitCode, output) = await OpenSsl.RunAsync("verify", "-purpose", "sslclient", "-attime", $"{at.ToUnixTimeSeconds()}",
            "-CAfile", openssl.Write("ca.pem", trusted.CertificatePem), openssl.Write("leaf.pem", pem));

        Assert.Equal((fault, fault is null), (problem?.Fault, exitCode == 0));
        Assert.Contains(words, output, StringComparison.Ordinal);
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
