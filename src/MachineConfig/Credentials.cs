using Cozy.Fleet.Pki;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Short-lived client certificates of a cluster, and the files that carry them. The keys are P-256: .NET cannot use Ed25519 keys,
/// and Talos accepts any leaf that its CA signed (talos.md 0, trap 1).
/// </summary>
public static class Credentials
{
    // A node whose clock is a little behind must not refuse a fresh certificate.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    /// <summary>A client certificate for the machine API with one role, such as <c>os:reader</c>.</summary>
    public static CertificateAndKey Talos(SecretsBundle secrets, string role, TimeSpan life, DateTimeOffset now) =>
        CertificateAuthority.FromPem(secrets.Os.Certificate, secrets.Os.Key)
            .Issue(new LeafRequest("", [role], now - ClockSkew, life + ClockSkew));

    /// <summary>A client certificate for the Kubernetes API.</summary>
    public static CertificateAndKey Kubernetes(SecretsBundle secrets, string user, TimeSpan life, DateTimeOffset now) =>
        CertificateAuthority.FromPem(secrets.Kubernetes.Certificate, secrets.Kubernetes.Key)
            .Issue(new LeafRequest(user, ["system:masters"], now - ClockSkew, life + ClockSkew));

    /// <summary>A talosconfig with one context (talos.md 4.4).</summary>
    public static string Talosconfig(
        SecretsBundle secrets, string cluster, IEnumerable<string> endpoints, CertificateAndKey credential) => Write(
    [
        Map(
            ("context", Text(cluster)),
            ("contexts", Map((cluster, Map(
                ("endpoints", List(endpoints)),
                ("ca", Base64(secrets.Os.Certificate)),
                ("crt", Base64(credential.Certificate)),
                ("key", Base64(credential.Key))))))),
    ]);

    /// <summary>A kubeconfig with one cluster, user and context, named as Talos names them.</summary>
    public static string Kubeconfig(SecretsBundle secrets, string cluster, Uri endpoint, CertificateAndKey credential)
    {
        var user = $"admin@{cluster}";
        return Write(
        [
            Map(
                ("apiVersion", Text("v1")),
                ("kind", Text("Config")),
                ("clusters", Named(cluster, "cluster", Map(
                    ("server", Text(endpoint.GetLeftPart(UriPartial.Authority))),
                    ("certificate-authority-data", Base64(secrets.Kubernetes.Certificate))))),
                ("users", Named(user, "user", Map(
                    ("client-certificate-data", Base64(credential.Certificate)),
                    ("client-key-data", Base64(credential.Key))))),
                ("contexts", Named(user, "context", Map(
                    ("cluster", Text(cluster)),
                    ("namespace", Text("default")),
                    ("user", Text(user))))),
                ("current-context", Text(user))),
        ]);
    }

    private static YamlSequenceNode Named(string name, string key, YamlNode value) => List([Map(("name", Text(name)), (key, value))]);
}
