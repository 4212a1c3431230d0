using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Pki;

/// <summary>What a certificate is used for.</summary>
public enum CertificateUse
{
    Any,
    Client,
    Server,

    /// <summary>A client of Talos' machine API: clientAuth and nothing else (talos.md 4.5).</summary>
    TalosClient,
}

/// <summary>What is wrong with a certificate.</summary>
public enum CertificateFault
{
    NotYetValid,
    Expired,

    /// <summary>Another CA issued it.</summary>
    Issuer,

    /// <summary>It is made for another use.</summary>
    Usage,
    Other,
}

/// <summary>Why a certificate is not accepted.</summary>
/// <param name="Sentence">Which certificate, what is wrong with it, and what to do.</param>
public sealed record CertificateProblem(CertificateFault Fault, string Sentence);

/// <summary>Says in one sentence why a certificate is not accepted.</summary>
public static class CertificateCheck
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>Null when the certificate was issued by the CA, is valid now and may be used so; else what is wrong with it.</summary>
    public static string? Refusal(X509Certificate2 leaf, X509Certificate2 ca, DateTimeOffset now, CertificateUse use = CertificateUse.Any) =>
        Problem(leaf, [ca], now, use)?.Sentence;

    /// <summary>
    /// Null when one of the CAs issued the certificate, it is valid now and may be used so. Time comes first, then the issuer, then
    /// the use: the order in which Go's verifier answers.
    /// </summary>
    public static CertificateProblem? Problem(X509Certificate2 leaf, X509Certificate2Collection cas, DateTimeOffset now, CertificateUse use)
    {
        if (now < leaf.NotBefore.ToUniversalTime())
        {
            return new(CertificateFault.NotYetValid,
                $"The certificate {Name(leaf)} is not valid before {leaf.NotBefore.ToUniversalTime():u}, and it is {now.UtcDateTime:u}; is a clock wrong?");
        }
        if (now > leaf.NotAfter.ToUniversalTime())
        {
            return new(CertificateFault.Expired,
                $"The certificate {Name(leaf)}, valid from {leaf.NotBefore.ToUniversalTime():u}, expired at {leaf.NotAfter.ToUniversalTime():u}; get a new one.");
        }
        return Chain(leaf, cas, now) ?? Use(leaf, use);
    }

    /// <summary>Subject and validity, for sentences about a certificate.</summary>
    public static string Describe(X509Certificate2 certificate) => $"{Name(certificate)} (valid from "
        + $"{certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u})";

    /// <summary>The organizations (O) of a subject: roles, groups.</summary>
    public static IReadOnlyList<string> Organizations(X509Certificate2 certificate) => Values(certificate, "2.5.4.10");

    /// <summary>The common name of a subject; empty when there is none.</summary>
    public static string CommonName(X509Certificate2 certificate) => Values(certificate, "2.5.4.3").FirstOrDefault("");

    private static CertificateProblem? Chain(X509Certificate2 leaf, X509Certificate2Collection cas, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(cas);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (chain.Build(leaf))
            return null;
        // CAs of one product share their name: only the key tells them apart.
        var trusted = string.Join(", ", cas.Select(ca => $"'{ca.Subject}', SHA-256 {Fingerprint(ca)}"));
        return chain.ChainStatus.Select(s => s.Status).FirstOrDefault() switch
        {
            X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.NotSignatureValid =>
                new(CertificateFault.Issuer, $"The certificate {Name(leaf)} was issued by '{leaf.Issuer}', which is not the CA that is trusted "
                    + $"here ({trusted}); get one from that CA."),
            X509ChainStatusFlags.NotTimeValid => new(CertificateFault.Other,
                $"The CA of the certificate {Name(leaf)} is not valid at {now.UtcDateTime:u} ({trusted}); its CA must be renewed, or a clock is wrong."),
            var status => new(CertificateFault.Other, $"The certificate {Name(leaf)} is not valid: {status}; get another one."),
        };
    }

    private static CertificateProblem? Use(X509Certificate2 leaf, CertificateUse use)
    {
        string[] usages =
        [
            .. leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(e => e.EnhancedKeyUsages.Cast<Oid>()).Select(u => u.Value ?? ""),
        ];
        // A certificate without the extension may be used for everything (RFC 5280 4.2.1.12); Talos wants to read it.
        var fits = use switch
        {
            CertificateUse.Client => usages.Length == 0 || usages.Contains(ClientAuth),
            CertificateUse.Server => usages.Length == 0 || usages.Contains(ServerAuth),
            CertificateUse.TalosClient => usages is [ClientAuth],
            _ => true,
        };
        if (fits)
            return null;
        var wanted = use switch
        {
            CertificateUse.Server => "as a server's; get one with the extended key usage serverAuth.",
            CertificateUse.Client => "as a client's; get one with the extended key usage clientAuth.",
            _ => "for Talos, which takes the extended key usage clientAuth and no other; get one with that alone.",
        };
        var has = usages.Length == 0 ? "no extended key usage" : string.Join(", ", usages.Select(UsageName));
        return new(CertificateFault.Usage, $"The certificate {Name(leaf)} has {has}, so it may not be used {wanted}");
    }

    private static string UsageName(string oid) => oid switch
    {
        ServerAuth => "serverAuth",
        ClientAuth => "clientAuth",
        _ => oid,
    };

    private static string Name(X509Certificate2 certificate) => certificate.Subject == "" ? "without a subject" : $"'{certificate.Subject}'";

    private static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData))[..16];

    private static string[] Values(X509Certificate2 certificate, string oid) =>
    [
        .. certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(rdn => !rdn.HasMultipleElements && rdn.GetSingleElementType().Value == oid)
            .Select(rdn => rdn.GetSingleElementValue() ?? ""),
    ];
}
