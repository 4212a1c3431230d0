using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Generate.Generation;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Generate;

/// <summary>The family of Kube… documents of contract 1.14, in the order in which Talos writes them.</summary>
internal static class KubernetesDocuments
{
    private const string ControlPlaneLabel = "node-role.kubernetes.io/control-plane";

    private static readonly string[] Health = ["/livez", "/readyz", "/healthz"];

    public static IEnumerable<YamlNode> OfEveryNode(Generation of) =>
    [
        Document("KubeClusterConfig", ("clusterName", Text(of.Input.ClusterName)), ("endpoint", Text(of.Endpoint))),
        Document("KubeNodeConfig",
            ("labels", of.IsControlPlane ? Map((ControlPlaneLabel, Text("")), (ExcludeLabel, Text(""))) : null),
            ("taints", of.IsControlPlane ? Map((ControlPlaneLabel, Text("NoSchedule"))) : null)),
        Document("KubeletConfig", ("image", of.KubeletImage), ("defaultRuntimeSeccompProfileEnabled", Bool(true))),
        Document("KubeNetworkConfig",
            ("dnsDomain", Text("cluster.local")),
            ("podSubnets", List(of.Input.PodSubnets)),
            ("serviceSubnets", List(of.Input.ServiceSubnets))),
        // A worker trusts the CA, a control plane issues from it.
        of.IsControlPlane
            ? Document("KubeAPIServerCAConfig", ("issuingCA", Pair(of.Secrets.Kubernetes)))
            : Document("KubeAPIServerCAConfig", ("acceptedCAs", List([of.Secrets.Kubernetes.Certificate]))),
        Document("KubePrismConfig", ("port", Number(KubePrismPort))),
    ];

    public static IEnumerable<YamlNode> OfControlPlanes(Generation of) =>
    [
        Document("KubeAggregatorCAConfig", ("issuingCA", Pair(of.Secrets.Aggregator))),
        Document("KubeAdmissionControlConfig", ("name", Text("PodSecurity")), ("configuration", PodSecurity())),
        Document("KubeAuditPolicyConfig", ("configuration", AuditPolicy())),
        Document("KubeAuthenticationConfig", ("configuration", Authentication())),
        Document("KubeAuthorizerConfig", ("name", Text("node")), ("type", Text("Node"))),
        Document("KubeAuthorizerConfig", ("name", Text("rbac")), ("type", Text("RBAC"))),
        Document("KubeEtcdEncryptionConfig", ("config", Map(("resources", List([Encryption(of.Secrets)]))))),
        Document("KubeServiceAccountConfig",
            ("issuer", Map(("privateKey", Text(of.Secrets.ServiceAccountKey)), ("issuerURL", Text(of.Endpoint))))),
        Document("KubeAPIServerConfig", ("image", of.Image("kube-apiserver")), ("certExtraSANs", ListOrNone([.. of.Input.CertSans]))),
        Document("KubeControllerManagerConfig", ("image", of.Image("kube-controller-manager"))),
        Document("KubeSchedulerConfig", ("image", of.Image("kube-scheduler"))),
        Document("KubeProxyConfig", ("image", of.Image("kube-proxy"))),
        Document("KubeFlannelCNIConfig", ("backendType", Text("vxlan")), ("backendPort", Number(4789))),
        Document("KubeCoreDNSConfig", ("enabled", Bool(true))),
    ];

    private static YamlMappingNode Pair(Pki.CertificateAndKey pair) => Map(("cert", Text(pair.Certificate)), ("key", Text(pair.Key)));

    // Health is asked without credentials, nothing else is.
    private static YamlMappingNode Authentication() => Map(
        ("anonymous", Map(
            ("conditions", List(Health.Select(path => Map(("path", Text(path)))))),
            ("enabled", Bool(true)))),
        ("jwt", List(Array.Empty<string>())));

    // Names as the API server of older releases got them: what is stored in etcd says which key it is sealed with.
    private static YamlMappingNode Encryption(SecretsBundle secrets) => Map(
        ("providers", List(
        [
            .. secrets.SecretboxEncryptionSecret == ""
                ? Array.Empty<YamlNode>()
                : [Provider("secretbox", "key2", secrets.SecretboxEncryptionSecret)],
            .. secrets.AescbcEncryptionSecret == ""
                ? Array.Empty<YamlNode>()
                : [Provider("aescbc", "key1", secrets.AescbcEncryptionSecret)],
        ])),
        ("resources", List(["secrets"])));

    private static YamlMappingNode Provider(string kind, string name, string secret) =>
        Map((kind, Map(("keys", List([Map(("name", Text(name)), ("secret", Text(secret)))])))));
}
