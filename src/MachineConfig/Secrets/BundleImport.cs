using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Cozy.Fleet.Pki;

namespace Cozy.Fleet.MachineConfig.Secrets;

/// <summary>
/// Takes over the secrets of a cluster that exists: from its <c>secrets.yaml</c>, or from the config of one of its control planes, which
/// holds the same secrets in other places (talos.md 5.2). Nothing of either is lost, and nothing is made up.
/// </summary>
public static class BundleImport
{
    /// <summary>Reads <c>secrets.yaml</c>.</summary>
    /// <param name="refusal">One sentence with line and path; empty when there is none.</param>
    public static bool TryFromFile(string yaml, [NotNullWhen(true)] out SecretsBundle? bundle, out string refusal) =>
        Try(() => FromFile(yaml), out bundle, out refusal);

    /// <summary>Reads the machine config of a control plane, of any release.</summary>
    /// <inheritdoc cref="TryFromFile"/>
    public static bool TryFromControlPlane(string config, [NotNullWhen(true)] out SecretsBundle? bundle, out string refusal) =>
        Try(() => ControlPlaneSecrets.Read(config), out bundle, out refusal);

    /// <summary>Checks that a certificate is a CA's and that the key is its own.</summary>
    /// <exception cref="FormatException">They are not; the message names line and path.</exception>
    internal static CertificateAndKey Checked(YamlPlace certificate, YamlPlace key)
    {
        var pair = new CertificateAndKey(PemText.Read(certificate), CheckedKey(key));
        try
        {
            CertificateAuthority.FromPem(pair.Certificate, pair.Key);
        }
        catch (CryptographicException exception)
        {
            throw certificate.Refuse($"and its key cannot be used: {exception.Message.TrimEnd('.')}", exception);
        }
        return pair;
    }

    /// <exception cref="FormatException">It is no private key of a kind that Talos uses.</exception>
    internal static string CheckedKey(YamlPlace place)
    {
        var pem = PemText.Read(place);
        try
        {
            PrivateKey.FromPem(pem);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or IOException)
        {
            throw place.Refuse("is not a private key of a kind that Talos uses", exception);
        }
        return pem;
    }

    private static SecretsBundle FromFile(string yaml)
    {
        var (bundle, root) = BundleFile.Read(yaml);
        foreach (var name in new[] { "etcd", "k8s", "k8saggregator", "os" })
            Checked(root.Get("certs", name, "crt"), root.Get("certs", name, "key"));
        CheckedKey(root.Get("certs", "k8sserviceaccount", "key"));
        return bundle;
    }

    private static bool Try(Func<SecretsBundle> read, [NotNullWhen(true)] out SecretsBundle? bundle, out string refusal)
    {
        (bundle, refusal) = (null, "");
        try
        {
            bundle = read();
            return true;
        }
        catch (FormatException exception)
        {
            refusal = exception.Message;
            return false;
        }
    }
}
