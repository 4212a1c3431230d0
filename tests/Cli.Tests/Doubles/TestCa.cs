using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>A CA of its own for each test.</summary>
internal sealed class TestCa : IDisposable
{
    // Wide enough for the tests' clock and for the machine's.
    private static readonly DateTimeOffset Past = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Future = new(2090, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestCa()
    {
        var request = new CertificateRequest("CN=test fleet", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Certificate = request.CreateSelfSigned(Past, Future);
    }

    public X509Certificate2 Certificate { get; }

    public X509Certificate2 Server(string address = "127.0.0.1", DateTimeOffset? until = null)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        return Issue("CN=coordinator", names.Build(), until);
    }

    public X509Certificate2 Client(DateTimeOffset? until = null) => Issue("CN=operator", extension: null, until);

    public void Dispose()
    {
        Certificate.Dispose();
        key.Dispose();
    }

    private X509Certificate2 Issue(string subject, X509Extension? extension, DateTimeOffset? until)
    {
        using var leaf = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, leaf, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        if (extension is not null)
            request.CertificateExtensions.Add(extension);
        using var bare = request.Create(Certificate, Past, until ?? Future.AddDays(-1), RandomNumberGenerator.GetBytes(8));
        return bare.CopyWithPrivateKey(leaf);
    }
}
