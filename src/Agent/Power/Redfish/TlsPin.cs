using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power.Redfish;

/// <summary>Whom a BMC's certificate must come from: the certificate itself is known, or its CA is, or the system's CAs count.</summary>
internal sealed class TlsPin(Bmc bmc)
{
    /// <summary>Why the last certificate was not believed; empty when it was.</summary>
    public string Refusal { get; private set; } = "";

    public bool IsTrusted(X509Certificate? presented, SslPolicyErrors errors)
    {
        Refusal = presented is null ? "the BMC showed no certificate"
            : bmc.Fingerprint != "" ? OfFingerprint(presented)
            : bmc.Ca != "" ? OfCa(presented, errors)
            : errors == SslPolicyErrors.None ? ""
            : $"no CA of this system vouches for the BMC's certificate ({errors}); tell its CA or its fingerprint, SHA-256 {Digest(presented)}";
        return Refusal == "";
    }

    private string OfFingerprint(X509Certificate presented) => Digest(presented) == bmc.Fingerprint
        ? "" : $"the BMC's certificate has the SHA-256 {Digest(presented)}, not the one that was told";

    private string OfCa(X509Certificate presented, SslPolicyErrors errors)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the BMC's certificate is for another name than {bmc.Address}";
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(bmc.Ca);
        using var chain = new X509Chain();
        (chain.ChainPolicy.TrustMode, chain.ChainPolicy.RevocationMode) = (X509ChainTrustMode.CustomRootTrust, X509RevocationMode.NoCheck);
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        using var leaf = X509CertificateLoader.LoadCertificate(presented.GetRawCertData());
        return chain.Build(leaf)
            ? "" : $"the BMC's certificate does not come from the CA that was told: {string.Join(", ", chain.ChainStatus.Select(s => s.Status))}";
    }

    private static string Digest(X509Certificate certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.GetRawCertData()));
}
