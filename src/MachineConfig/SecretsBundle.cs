using System.Security.Cryptography;
using Cozy.Fleet.MachineConfig.Secrets;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// The secrets of one cluster, in the structure that <c>talosctl gen secrets</c> writes and reads (talos.md 4.1). Everything in
/// it is secret; it is stored sealed and never logged.
/// </summary>
public sealed record SecretsBundle(
    string ClusterId, string ClusterSecret, string BootstrapToken, string SecretboxEncryptionSecret, string TrustdToken,
    CertificateAndKey Etcd, CertificateAndKey Kubernetes, CertificateAndKey Aggregator, string ServiceAccountKey,
    CertificateAndKey Os)
{
    // talos.md 4.2: ten years of 365 days.
    private static readonly TimeSpan CaLife = TimeSpan.FromHours(87600);

    /// <summary>
    /// What clusters from before Talos 1.3 encrypt their secrets with; such a bundle has no <see cref="SecretboxEncryptionSecret"/>.
    /// Empty for every newer one.
    /// </summary>
    public string AescbcEncryptionSecret { get; init; } = "";

    /// <summary>Keys of an imported bundle that we do not know, as YAML; they are written back. Empty when there are none.</summary>
    public string Unknown { get; init; } = "";

    /// <summary>A new bundle for clusters that start at this Talos version.</summary>
    public static SecretsBundle Generate(SemanticVersion talosVersion, DateTimeOffset now) => new(
        NewClusterId(talosVersion), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Token(),
        Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Token(),
        NewCa("O=etcd", PrivateKey.NewP256(), now), NewCa("O=kubernetes", PrivateKey.NewP256(), now),
        NewCa("", PrivateKey.NewP256(), now),
        // The service account key became RSA with contract 1.7.
        (talosVersion.IsAtLeast(1, 7) ? PrivateKey.NewRsa4096() : PrivateKey.NewP256()).ToPem() + "\n",
        NewCa("O=talos", PrivateKey.NewEd25519(), now));

    /// <summary>Reads what <see cref="ToYaml"/> or talosctl wrote. It does not look into certificates; <see cref="BundleImport"/> does.</summary>
    /// <exception cref="FormatException">It is not YAML, or a key is missing or damaged; the message names line and path.</exception>
    public static SecretsBundle Parse(string yaml) => BundleFile.Read(yaml).Bundle;

    /// <summary>The file <c>secrets.yaml</c>.</summary>
    public string ToYaml() => BundleFile.Write(this);

    /// <summary>Hides the content: a bundle that ends up in a log line shows nothing.</summary>
    public override string ToString() => "SecretsBundle";

    private static CertificateAndKey NewCa(string subject, PrivateKey key, DateTimeOffset now)
    {
        var authority = CertificateAuthority.Create(subject, key, now, CaLife);
        return new(authority.CertificatePem, authority.KeyPem);
    }

    // URL-safe until 1.13, standard from 1.14; nodes compare it as text.
    private static string NewClusterId(SemanticVersion talosVersion)
    {
        var id = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        return talosVersion.IsAtLeast(1, 14) ? id : id.Replace('+', '-').Replace('/', '_');
    }

    private static string Token()
    {
        const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";
        return $"{RandomNumberGenerator.GetString(Letters, 6)}.{RandomNumberGenerator.GetString(Letters, 16)}";
    }
}
