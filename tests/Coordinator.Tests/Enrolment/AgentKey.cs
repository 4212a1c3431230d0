using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Coordinator.Enrolment;

namespace Cozy.Fleet.Coordinator.Tests.Enrolment;

/// <summary>An agent's key, and what it asks for with it.</summary>
internal sealed class AgentKey : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Request(string subject = "CN=whatever it says") =>
        new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSigningRequest();

    public X509Certificate2 With(byte[] certificate)
    {
        using var bare = X509CertificateLoader.LoadCertificate(certificate);
        return bare.CopyWithPrivateKey(key);
    }

    public static X509Certificate2 Certified(CoordinatorCa ca, string rack)
    {
        using var agent = new AgentKey();
        using var issued = ca.IssueAgent(rack, agent.Request());
        return agent.With(issued.RawData);
    }

    public void Dispose() => key.Dispose();
}
