using Cozy.Fleet.MachineConfig.Secrets;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Generate.Generation;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Generate;

/// <summary>
/// The form of contract 1.14: nearly everything is a document of its own (talos.md 5.4). The v1alpha1 document keeps what makes the
/// machine a member: type, tokens and the CAs of machine API and etcd.
/// </summary>
internal static class DocumentForm
{
    public static IEnumerable<YamlNode> Documents(Generation of) =>
    [
        Main(of), .. System(of), of.Hostname(), .. KubernetesDocuments.OfEveryNode(of),
        .. of.IsControlPlane ? KubernetesDocuments.OfControlPlanes(of) : [],
    ];

    private static YamlMappingNode Main(Generation of) => Map(
        ("version", Text("v1alpha1")),
        ("debug", Bool(false)),
        ("persist", Bool(true)),
        ("machine", Map(
            ("type", Text(of.TypeName)),
            ("token", Text(of.Secrets.TrustdToken)),
            ("ca", of.IsControlPlane ? PemText.Pair(of.Secrets.Os) : PemText.CertificateOnly(of.Secrets.Os.Certificate)),
            ("certSANs", List(of.Input.CertSans)),
            ("features", Map(("diskQuotaSupport", Bool(true)))))),
        ("cluster", Map(
            ("token", Text(of.Secrets.BootstrapToken)),
            ("etcd", of.IsControlPlane ? Map(("ca", PemText.Pair(of.Secrets.Etcd))) : null))));

    private static IEnumerable<YamlNode> System(Generation of) =>
    [
        Document("DiscoveryServiceConfig", ("name", Text("default")), ("endpoint", Text("https://discovery.talos.dev/"))),
        Document("DiscoveryIdentityConfig", ("clusterID", Text(of.Secrets.ClusterId)), ("clusterSecret", Text(of.Secrets.ClusterSecret))),
        Document("UnattendedInstallConfig",
            ("installer", Map(("image", Text(of.Input.InstallImage)))),
            ("provisioning", Map(
                ("diskSelector", Map(("match", Text($"disk.dev_path == \"{of.Input.InstallDisk}\"")))),
                ("wipe", Bool(false))))),
        Document("ResolverConfig", ("hostDNS", Map(("enabled", Bool(true)), ("forwardKubeDNSToHost", Bool(true))))),
        Document("VolumeConfig", ("name", Text("EPHEMERAL")), ("mount", Map(("secure", Bool(true))))),
        Document("FilesystemTrimConfig", ("interval", Text("168h0m0s"))),
        Document("SecurityProfileConfig", ("workloadIsolation", Bool(true))),
    ];
}
