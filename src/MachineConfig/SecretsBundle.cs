using System.Security.Cryptography;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

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

    /// <summary>A new bundle for clusters that start at this Talos version.</summary>
    public static SecretsBundle Generate(SemanticVersion talosVersion, DateTimeOffset now) => new(
        NewClusterId(talosVersion), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Token(),
        Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Token(),
        NewCa("O=etcd", PrivateKey.NewP256(), now), NewCa("O=kubernetes", PrivateKey.NewP256(), now),
        NewCa("", PrivateKey.NewP256(), now),
        // The service account key became RSA with contract 1.7.
        (talosVersion.IsAtLeast(1, 7) ? PrivateKey.NewRsa4096() : PrivateKey.NewP256()).ToPem() + "\n",
        NewCa("O=talos", PrivateKey.NewEd25519(), now));

    /// <summary>Reads what <see cref="ToYaml"/> or talosctl wrote.</summary>
    /// <exception cref="FormatException">It is not YAML, or a key is missing or damaged; the message names it.</exception>
    public static SecretsBundle Parse(string yaml)
    {
        var root = Root(yaml);
        string Get(params string[] path) => root.TextAt(path)
            ?? throw new FormatException($"The secrets bundle has no {string.Join('.', path)}.");
        string Pem(params string[] path) => FromBase64(Get(path))
            ?? throw new FormatException($"{string.Join('.', path)} of the secrets bundle is not PEM in base64.");
        CertificateAndKey Pair(string name) => new(Pem("certs", name, "crt"), Pem("certs", name, "key"));
        return new(
            Get("cluster", "id"), Get("cluster", "secret"), Get("secrets", "bootstraptoken"),
            Get("secrets", "secretboxencryptionsecret"), Get("trustdinfo", "token"),
            Pair("etcd"), Pair("k8s"), Pair("k8saggregator"), Pem("certs", "k8sserviceaccount", "key"), Pair("os"));
    }

    /// <summary>The file <c>secrets.yaml</c>.</summary>
    public string ToYaml() => Yaml.Write(
    [
        Yaml.Map(
            ("cluster", Yaml.Map(("id", Yaml.Text(ClusterId)), ("secret", Yaml.Text(ClusterSecret)))),
            ("secrets", Yaml.Map(
                ("bootstraptoken", Yaml.Text(BootstrapToken)),
                ("secretboxencryptionsecret", Yaml.Text(SecretboxEncryptionSecret)))),
            ("trustdinfo", Yaml.Map(("token", Yaml.Text(TrustdToken)))),
            ("certs", Yaml.Map(
                ("etcd", Pair(Etcd)),
                ("k8s", Pair(Kubernetes)),
                ("k8saggregator", Pair(Aggregator)),
                ("k8sserviceaccount", Yaml.Map(("key", Yaml.Base64(ServiceAccountKey)))),
                ("os", Pair(Os))))),
    ]);

    /// <summary>Hides the content: a bundle that ends up in a log line shows nothing.</summary>
    public override string ToString() => "SecretsBundle";

    internal static YamlMappingNode Pair(CertificateAndKey pair) =>
        Yaml.Map(("crt", Yaml.Base64(pair.Certificate)), ("key", Yaml.Base64(pair.Key)));

    private static YamlNode Root(string yaml)
    {
        try
        {
            return Yaml.Read(yaml) is [var document, ..] ? document.RootNode : throw new FormatException("The secrets bundle is empty.");
        }
        catch (YamlException exception)
        {
            throw new FormatException($"The secrets bundle is not YAML: line {exception.Start.Line}.", exception);
        }
    }

    private static string? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var count))
            return null;
        var pem = System.Text.Encoding.ASCII.GetString(bytes, 0, count);
        return PemEncoding.TryFind(pem, out _) ? pem : null;
    }

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
