using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Cli.Connect;

/// <summary>Accepts the coordinator's certificate only when the context's CA signed it, and remembers why not.</summary>
internal sealed class ServerCheck(X509Certificate2Collection authorities, ContextFile context, TimeProvider time)
{
    /// <summary>Why the coordinator was not believed; null while it was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Whether a coordinator with the right certificate has answered.</summary>
    public bool Passed { get; private set; }

    /// <summary>Whether a call was answered, so that our certificate is accepted, too.</summary>
    public bool Answered { get; set; }

    public bool Accept(X509Certificate? shown, SslPolicyErrors errors)
    {
        Refusal = shown is X509Certificate2 certificate ? Problem(certificate, errors) : "shows no certificate";
        Passed |= Refusal is null;
        return Refusal is null;
    }

    private string? Problem(X509Certificate2 certificate, SslPolicyErrors errors)
    {
        var now = time.GetUtcNow();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (chain.Build(certificate))
        {
            return errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? $"has a certificate that is not made for {context.Endpoint.Host}; "
                    + $"use a name or address that it is made for as endpoint in {context.Path}"
                : null;
        }
        return Expired(certificate, now)
            ?? $"has a certificate that the CA in {context.Path} did not issue; "
                + "if the coordinator was set up anew, take a fresh copy of its admin.yaml";
    }

    private static string? Expired(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now > certificate.NotAfter.ToUniversalTime())
            return $"has a certificate that expired at {certificate.NotAfter.ToUniversalTime():u}; restart the coordinator to renew it";
        return now < certificate.NotBefore.ToUniversalTime()
            ? $"has a certificate that is not valid before {certificate.NotBefore.ToUniversalTime():u}; check the clocks of both hosts"
            : null;
    }
}
