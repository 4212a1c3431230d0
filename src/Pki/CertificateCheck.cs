using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Pki;

/// <summary>What a certificate is used for.</summary>
public enum CertificateUse
{
    Any,
    Client,
    Server,
}

/// <summary>Says in one sentence why a certificate is not accepted.</summary>
public static class CertificateCheck
{
    /// <summary>Null when the certificate was issued by the CA, is valid now and may be used so; else what is wrong with it.</summary>
    public static string? Refusal(X509Certificate2 leaf, X509Certificate2 ca, DateTimeOffset now, CertificateUse use = CertificateUse.Any)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (use != CertificateUse.Any)
            chain.ChainPolicy.ApplicationPolicy.Add(new(use == CertificateUse.Client ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1"));
        if (chain.Build(leaf))
            return null;

        var subject = leaf.Subject == "" ? "without a subject" : $"'{leaf.Subject}'";
        if (now < leaf.NotBefore.ToUniversalTime())
            return $"The certificate {subject} is not valid before {leaf.NotBefore.ToUniversalTime():u}; is a clock wrong?";
        if (now > leaf.NotAfter.ToUniversalTime())
            return $"The certificate {subject} expired at {leaf.NotAfter.ToUniversalTime():u}.";
        if (chain.ChainStatus.All(s => s.Status == X509ChainStatusFlags.NotValidForUsage))
            return $"The certificate {subject} may not be used as a {use.ToString().ToLowerInvariant()}'s.";
        var status = chain.ChainStatus.Select(s => s.Status).FirstOrDefault();
        return status is X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot
            ? $"The certificate {subject} was issued by '{leaf.Issuer}', which is not the CA that is trusted here."
            : $"The certificate {subject} is not valid: {status}.";
    }

    /// <summary>The organizations (O) of a subject: roles, groups.</summary>
    public static IReadOnlyList<string> Organizations(X509Certificate2 certificate) => Values(certificate, "2.5.4.10");

    /// <summary>The common name of a subject; empty when there is none.</summary>
    public static string CommonName(X509Certificate2 certificate) => Values(certificate, "2.5.4.3").FirstOrDefault("");

    private static string[] Values(X509Certificate2 certificate, string oid) =>
    [
        .. certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(rdn => !rdn.HasMultipleElements && rdn.GetSingleElementType().Value == oid)
            .Select(rdn => rdn.GetSingleElementValue() ?? ""),
    ];
}
