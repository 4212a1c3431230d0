using Cozy.Fleet.Pki;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Secrets;

/// <summary>
/// Where the config of a control plane keeps the secrets of its cluster: in the v1alpha1 document up to 1.13, most of them in documents
/// of their own from 1.14 (talos.md 5.4). A config may mix both, but never for the same secret.
/// </summary>
internal sealed class ControlPlaneSecrets
{
    private readonly IReadOnlyList<YamlPlace> documents;
    private readonly YamlPlace main;

    private ControlPlaneSecrets(IReadOnlyList<YamlPlace> documents)
    {
        this.documents = documents;
        main = documents.FirstOrDefault(d => d.At("kind") is null) is { Node: not null } found
            ? found
            : throw new FormatException("The machine config has no v1alpha1 document.");
        if (main.Get("machine", "type") is var type && type.Text() is not ("controlplane" or "init"))
            throw type.Refuse($"is {type.Text()}; only the config of a control plane holds the keys of the CAs");
    }

    /// <exception cref="FormatException">A secret is missing or damaged; the message names line and path.</exception>
    public static SecretsBundle Read(string config) => new ControlPlaneSecrets(YamlPlace.Documents(config, "machine config")).Bundle();

    private SecretsBundle Bundle()
    {
        var identity = Document("DiscoveryIdentityConfig");
        var (secretbox, aescbc) = Encryption();
        return new(
            (identity?.Get("clusterID") ?? main.Get("cluster", "id")).Text(),
            (identity?.Get("clusterSecret") ?? main.Get("cluster", "secret")).Text(),
            main.Get("cluster", "token").Text(), secretbox, main.Get("machine", "token").Text(),
            Authority(main.Get("cluster", "etcd", "ca")),
            Authority(Document("KubeAPIServerCAConfig")?.Get("issuingCA") ?? main.Get("cluster", "ca")),
            Authority(Document("KubeAggregatorCAConfig")?.Get("issuingCA") ?? main.Get("cluster", "aggregatorCA")),
            BundleImport.CheckedKey(
                Document("KubeServiceAccountConfig")?.Get("issuer", "privateKey") ?? main.Get("cluster", "serviceAccount", "key")),
            Authority(main.Get("machine", "ca")))
        {
            AescbcEncryptionSecret = aescbc,
        };
    }

    private YamlPlace? Document(string kind) =>
        documents.FirstOrDefault(d => d.Node.TextAt("kind") == kind) is { Node: not null } found ? found : null;

    // The v1alpha1 document says crt, the newer ones say cert.
    private static CertificateAndKey Authority(YamlPlace pair) => BundleImport.Checked(pair.At("cert") ?? pair.Get("crt"), pair.Get("key"));

    private (string Secretbox, string Aescbc) Encryption()
    {
        if (Document("KubeEtcdEncryptionConfig") is { } document)
            return FromProviders(document);
        return main.At("cluster", "secretboxEncryptionSecret") is { } secretbox
            ? (secretbox.Text(), "")
            : main.At("cluster", "aescbcEncryptionSecret") is { } aescbc
            ? ("", aescbc.Text())
            : throw main.Get("cluster").Refuse("has neither secretboxEncryptionSecret nor aescbcEncryptionSecret");
    }

    // The API server encrypts with the first provider of the first rule that names secrets.
    private static (string, string) FromProviders(YamlPlace document)
    {
        var rules = document.Get("config", "resources");
        var rule = (rules.Node as YamlSequenceNode)?.FirstOrDefault(r => r.At("resources") is YamlSequenceNode names
            && names.Any(n => n is YamlScalarNode { Value: "secrets" }));
        var provider = (rule?.At("providers") as YamlSequenceNode)?.FirstOrDefault();
        return (Key(provider, "secretbox"), Key(provider, "aescbc")) switch
        {
            ({ } secretbox, _) => (secretbox, ""),
            (_, { } aescbc) => ("", aescbc),
            _ => throw rules.Refuse("names no secretbox or aescbc key as the first provider of secrets"),
        };
    }

    private static string? Key(YamlNode? provider, string kind) =>
        (provider?.At([kind, "keys"]) as YamlSequenceNode)?.FirstOrDefault()?.TextAt("secret");
}
