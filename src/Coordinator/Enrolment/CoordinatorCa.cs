using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Pki;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>
/// The coordinator's own CA. It says who operators and agents are (docs/architecture.md); nothing else is trusted. P-256, because
/// everybody's TLS can use it.
/// </summary>
internal sealed class CoordinatorCa : IDisposable
{
    public const string Operators = "cozyfleet:operators";
    public const string Agents = "cozyfleet:agents";
    public const string CertificateFile = "ca.crt";
    public const string KeyFile = "ca.key";

    private const string Purpose = "coordinator/ca";
    private static readonly TimeSpan CaLife = TimeSpan.FromDays(20 * 365);
    private static readonly TimeSpan AgentLife = TimeSpan.FromDays(30);

    // Clocks of racks differ; a certificate that is valid from this second on is refused by every clock that is late.
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    private readonly CertificateAuthority authority;
    private readonly TimeProvider time;

    private CoordinatorCa(CertificateAuthority authority, TimeProvider time)
    {
        (this.authority, this.time) = (authority, time);
        Certificate = X509CertificateLoader.LoadCertificate(authority.CertificateDer);
    }

    public X509Certificate2 Certificate { get; }

    public string CertificatePem => authority.CertificatePem;

    public byte[] CertificateDer => authority.CertificateDer;

    /// <summary>The pin in tokens: SHA-256 of the certificate, lower-case hexadecimal.</summary>
    public string Fingerprint => authority.Fingerprint;

    /// <summary>Reads the CA from the data directory, or makes it at the first start.</summary>
    /// <exception cref="StorageException">One of the two files is damaged or missing, or the envelope key is another one.</exception>
    public static CoordinatorCa Open(string directory, ISecretSeal seal, TimeProvider time)
    {
        var (certificate, key) = (Path.Combine(directory, CertificateFile), Path.Combine(directory, KeyFile));
        if (!File.Exists(certificate))
            Create((certificate, key), seal, time.GetUtcNow() - Backdate);
        if (!File.Exists(key))
            throw new StorageException($"{certificate} is there but {key} is not: restore it from a copy of the data directory.");
        try
        {
            var keyPem = Encoding.ASCII.GetString(seal.Open(Purpose, File.ReadAllText(key).Trim()));
            return new(CertificateAuthority.FromPem(File.ReadAllText(certificate), keyPem), time);
        }
        catch (CryptographicException cause)
        {
            throw new StorageException(
                $"The CA of the data directory cannot be opened ({cause.Message}) Give back the {EnvelopeKey.FileName} or {EnvelopeKey.Variable} it was made with.",
                cause);
        }
    }

    public CertificateAndKey IssueOperator(string name, TimeSpan life) => authority.Issue(Leaf(name, Operators, life));

    /// <exception cref="CryptographicException">The request is damaged, or its signature does not fit its key.</exception>
    public X509Certificate2 IssueAgent(string rack, byte[] certificateSigningRequest) =>
        authority.IssueFor(certificateSigningRequest, Leaf(rack, Agents, AgentLife));

    public CertificateAndKey IssueServer(IReadOnlyList<string> names, TimeSpan life) =>
        authority.Issue(Leaf("cozy-fleet-coordinator", null, life) with { Names = names, IsServer = true, IsClient = false });

    public void Dispose() => Certificate.Dispose();

    // The key goes first: without its certificate it is simply made again.
    private static void Create((string Certificate, string Key) files, ISecretSeal seal, DateTimeOffset notBefore)
    {
        var created = CertificateAuthority.Create("O=cozyfleet, CN=cozyfleet CA", PrivateKey.NewP256(), notBefore, CaLife);
        PrivateFiles.Write(files.Key, Encoding.ASCII.GetBytes(seal.Seal(Purpose, Encoding.ASCII.GetBytes(created.KeyPem)) + "\n"));
        PrivateFiles.Write(files.Certificate, Encoding.ASCII.GetBytes(created.CertificatePem));
    }

    private LeafRequest Leaf(string name, string? organization, TimeSpan life) =>
        new(name, organization is null ? [] : [organization], time.GetUtcNow() - Backdate, life + Backdate);
}
