using Cozy.Fleet.Pki;
using Cozy.Fleet.Talos.Tls;
using Org.BouncyCastle.Tls;

namespace Cozy.Fleet.Talos.Tests;

public sealed class AlertWordsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(AlertDescription.unknown_ca, "unknown_ca): its CA is another than 'O=talos' of ours; use the credentials of its cluster")]
    [InlineData(AlertDescription.certificate_expired, "certificate_expired): by our clock it is valid; the node's clock is wrong, or ours")]
    [InlineData(AlertDescription.bad_certificate, "bad_certificate): it does not say why; issue a new one")]
    public void An_alert_for_a_certificate_that_looks_right_to_us_points_at_the_node(short alert, string words)
    {
        using var credential = Credential();

        Assert.Equal(
            "the node does not accept our certificate 'O=os:admin' (valid from 2026-03-01 11:00:00Z to 2026-03-01 15:00:00Z) (" + words,
            AlertWords.Of(alert, credential, Now));
    }

    [Fact]
    public void An_alert_without_a_certificate_of_ours_has_its_name() =>
        Assert.Equal("the node ended the handshake with the alert internal_error", AlertWords.Of(AlertDescription.internal_error, null, Now));

    private static TalosCredential Credential()
    {
        var ca = CertificateAuthority.Create("O=talos", PrivateKey.NewEd25519(), Now.AddDays(-1), TimeSpan.FromDays(9));
        var issued = ca.Issue(new LeafRequest("", ["os:admin"], Now.AddHours(-1), TimeSpan.FromHours(4)));
        return TalosCredential.From(new(ca.CertificatePem, issued.Certificate, issued.Key));
    }
}
