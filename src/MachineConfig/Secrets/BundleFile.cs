using Cozy.Fleet.Pki;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Secrets;

/// <summary>The file <c>secrets.yaml</c> (talos.md 4.1), in the order of keys that talosctl writes.</summary>
internal static class BundleFile
{
    /// <summary>The bundle, and the tree that it was read from.</summary>
    /// <exception cref="FormatException">A key is missing or damaged; the message names line and path.</exception>
    public static (SecretsBundle Bundle, YamlPlace Root) Read(string yaml)
    {
        var root = YamlPlace.Single(yaml, "secrets bundle");
        string Optional(params string[] path) => root.At(path) is { } place ? place.Text() : "";
        CertificateAndKey Pair(string name) => new(
            PemText.Read(root.Get("certs", name, "crt")), PemText.Read(root.Get("certs", name, "key")));

        var (secretbox, aescbc) = (Optional("secrets", "secretboxencryptionsecret"), Optional("secrets", "aescbcencryptionsecret"));
        if ((secretbox == "") == (aescbc == ""))
            throw root.Get("secrets").Refuse("holds one of secretboxencryptionsecret and aescbcencryptionsecret, and not both");
        var bundle = new SecretsBundle(
            root.Get("cluster", "id").Text(), root.Get("cluster", "secret").Text(), root.Get("secrets", "bootstraptoken").Text(), secretbox,
            root.Get("trustdinfo", "token").Text(), Pair("etcd"), Pair("k8s"), Pair("k8saggregator"),
            PemText.Read(root.Get("certs", "k8sserviceaccount", "key")), Pair("os"))
        {
            AescbcEncryptionSecret = aescbc,
        };
        return (bundle with { Unknown = Unknown((YamlMappingNode)root.Node, Tree(bundle)) }, root);
    }

    public static string Write(SecretsBundle bundle)
    {
        var tree = Tree(bundle);
        if (bundle.Unknown != "")
            Add(tree, (YamlMappingNode)Yaml.Read(bundle.Unknown)[0]);
        // The four spaces of talosctl, so that its file and ours are the same bytes.
        return Yaml.Write([tree], indent: 4);
    }

    private static YamlMappingNode Tree(SecretsBundle bundle) => Map(
        ("cluster", Map(("id", Text(bundle.ClusterId)), ("secret", Text(bundle.ClusterSecret)))),
        ("secrets", Map(
            ("bootstraptoken", Text(bundle.BootstrapToken)),
            ("aescbcencryptionsecret", TextOrNone(bundle.AescbcEncryptionSecret)),
            ("secretboxencryptionsecret", TextOrNone(bundle.SecretboxEncryptionSecret)))),
        ("trustdinfo", Map(("token", Text(bundle.TrustdToken)))),
        ("certs", Map(
            ("etcd", PemText.Pair(bundle.Etcd)),
            ("k8s", PemText.Pair(bundle.Kubernetes)),
            ("k8saggregator", PemText.Pair(bundle.Aggregator)),
            ("k8sserviceaccount", Map(("key", Base64(bundle.ServiceAccountKey)))),
            ("os", PemText.Pair(bundle.Os)))));

    private static string Unknown(YamlMappingNode all, YamlMappingNode known) =>
        Without(all, known) is { Children.Count: > 0 } rest ? Yaml.Write([rest]) : "";

    private static YamlMappingNode Without(YamlMappingNode all, YamlMappingNode known)
    {
        var rest = new YamlMappingNode();
        foreach (var (key, value) in all.Children)
        {
            if (!known.Children.TryGetValue(key, out var present))
                rest.Add(Clone(key), Clone(value));
            else if (present is YamlMappingNode knownMap && value is YamlMappingNode map
                && Without(map, knownMap) is { Children.Count: > 0 } inner)
                rest.Add(Clone(key), inner);
        }
        return rest;
    }

    private static void Add(YamlMappingNode target, YamlMappingNode rest)
    {
        foreach (var (key, value) in rest.Children)
        {
            if (target.Children.TryGetValue(key, out var present))
                Add((YamlMappingNode)present, (YamlMappingNode)value);
            else
                target.Add(key, value);
        }
    }
}
