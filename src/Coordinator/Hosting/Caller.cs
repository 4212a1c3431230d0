using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Coordinator.Enrolment;
using Cozy.Fleet.Pki;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Who calls, as the certificate of the connection says.</summary>
public abstract record Caller
{
    private Caller()
    {
    }

    /// <summary>A person or a program that operates the fleet.</summary>
    public sealed record Operator(string Name) : Caller;

    /// <summary>The agent of a rack.</summary>
    public sealed record Agent(string Rack, string CertificateSerial, DateTimeOffset ExpireTime) : Caller;

    /// <summary>No certificate was shown.</summary>
    public sealed record Nobody : Caller;
}

/// <summary>Reads the caller from a certificate.</summary>
internal static class Callers
{
    /// <summary>Who calls. Set by <see cref="AuthorizationInterceptor"/> for every call.</summary>
    public static Caller Caller(this ServerCallContext context) => context.GetHttpContext().Features.Get<Caller>()
        ?? throw new InvalidOperationException("The call passed no authorization.");

    /// <returns>Null when the certificate says nothing that we could trust; then the refusal says why.</returns>
    public static Caller? From(X509Certificate2? certificate, CoordinatorCa ca, DateTimeOffset now, out string refusal)
    {
        refusal = "";
        if (certificate is null)
            return new Caller.Nobody();
        if (CertificateCheck.Refusal(certificate, ca.Certificate, now) is { } reason)
        {
            refusal = reason;
            return null;
        }
        var name = CertificateCheck.CommonName(certificate);
        var organizations = CertificateCheck.Organizations(certificate);
        if (organizations is [CoordinatorCa.Operators] && name != "")
            return new Caller.Operator(name);
        if (organizations is [CoordinatorCa.Agents] && name != "")
            return new Caller.Agent(name, certificate.SerialNumber, new(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero));
        refusal = $"The certificate '{certificate.Subject}' is neither an operator's nor an agent's.";
        return null;
    }
}
