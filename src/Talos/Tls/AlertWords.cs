using Cozy.Fleet.Pki;
using Org.BouncyCastle.Tls;

namespace Cozy.Fleet.Talos.Tls;

/// <summary>
/// What a node means by the alert that it answers our certificate with. Go's TLS says unknown_ca, certificate_expired (also for one of
/// the future), certificate_required without one, and bad_certificate for the rest, such as a use that apid does not take (talos.md 4.5).
/// </summary>
internal static class AlertWords
{
    public static string Of(short alert, TalosCredential? credential, DateTimeOffset now)
    {
        if (credential is null)
        {
            return alert is AlertDescription.certificate_required or AlertDescription.handshake_failure
                ? "the node asks for a certificate: it has a config and is not in maintenance mode; use the credentials of its cluster"
                : $"the node ended the handshake with the alert {Name(alert)}";
        }
        var shown = CertificateCheck.Describe(credential.Certificate);
        // What we can see ourselves is said first: the alert is the same for several faults.
        var own = CertificateCheck.Problem(credential.Certificate, [credential.Ca], now, CertificateUse.TalosClient);
        return $"the node does not accept our certificate {shown} ({Name(alert)}): " + (alert, own?.Fault) switch
        {
            (AlertDescription.unknown_ca, CertificateFault.Issuer) => own!.Sentence,
            (AlertDescription.unknown_ca, _) => $"its CA is another than '{credential.Certificate.Issuer}' of ours; use the credentials of its cluster",
            (AlertDescription.certificate_expired, null) => "by our clock it is valid; the node's clock is wrong, or ours",
            (_, not null) => own!.Sentence,
            _ => "it does not say why; issue a new one",
        };
    }

    private static string Name(short alert) => AlertDescription.GetName(alert);
}
