using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>
/// The first operator's context file for the CLI, in the data directory. Whoever may read that directory holds the CA anyway. It
/// is kept while it fits: the same endpoint, the same CA, less than two thirds of its certificate's life over.
/// </summary>
internal sealed class AdminContext(CoordinatorCa ca, string directory, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(90);

    public string Path { get; } = System.IO.Path.Combine(directory, "admin.yaml");

    public void Write(Uri endpoint)
    {
        if (File.Exists(Path) && Fits(File.ReadAllText(Path), endpoint))
            return;
        var issued = ca.IssueOperator("admin", Life);
        var text = $"""
            # Whoever holds this file is an operator of the fleet: cozyfleet --context {Path}
            endpoint: {Endpoint(endpoint)}
            ca: |
            {Indented(ca.CertificatePem)}
            certificate: |
            {Indented(issued.Certificate)}
            key: |
            {Indented(issued.Key)}

            """;
        Storage.PrivateFiles.Write(Path, Encoding.UTF8.GetBytes(text));
    }

    private bool Fits(string text, Uri endpoint)
    {
        try
        {
            var found = new DeserializerBuilder().Build().Deserialize<Dictionary<string, string>>(text);
            using var certificate = X509Certificate2.CreateFromPem(found["certificate"], found["key"]);
            var (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
            return found["endpoint"] == Endpoint(endpoint)
                && found["ca"].Trim() == ca.CertificatePem.Trim()
                && time.GetUtcNow().UtcDateTime < from + ((to - from) * 2 / 3);
        }
        catch (Exception unreadable) when (unreadable is YamlException or KeyNotFoundException or CryptographicException or ArgumentException)
        {
            return false; // Somebody edited it; a fresh one is written.
        }
    }

    private static string Endpoint(Uri endpoint) => endpoint.GetLeftPart(UriPartial.Authority);

    private static string Indented(string pem) => string.Join('\n', pem.TrimEnd().Split('\n').Select(line => "  " + line));
}
