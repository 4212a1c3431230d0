using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig;

/// <summary>
/// Generates what <c>talosctl gen config</c> generates for a version contract (talos.md 5.3, 5.4). For 1.14 it writes the 1.13
/// form, which 1.14 still honours; only mixing a field with its replacing document is refused there.
/// </summary>
public static class MachineConfigGenerator
{
    /// <summary>The config of one machine as YAML, one or more documents.</summary>
    public static string Generate(MachineConfigInput input, SecretsBundle secrets, MachineType type)
    {
        var main = Map(
            ("version", Text("v1alpha1")),
            ("debug", Bool(false)),
            ("persist", Bool(true)),
            ("machine", Machine(input, secrets, type)),
            ("cluster", type == MachineType.ControlPlane ? ControlPlane(input, secrets) : Worker(input, secrets)));
        return Write(input.TalosVersion.IsAtLeast(1, 12) ? [main, Hostname(input)] : [main]);
    }

    private static YamlMappingNode Machine(MachineConfigInput input, SecretsBundle secrets, MachineType type)
    {
        var controlPlane = type == MachineType.ControlPlane;
        var version = input.TalosVersion;
        return Map(
            ("type", Text(controlPlane ? "controlplane" : "worker")),
            ("token", Text(secrets.TrustdToken)),
            ("ca", controlPlane ? SecretsBundle.Pair(secrets.Os) : CertificateOnly(secrets.Os.Certificate)),
            ("certSANs", List(input.CertSans)),
            ("kubelet", Map(
                ("image", Text($"ghcr.io/siderolabs/kubelet:{input.KubernetesVersion}")),
                ("defaultRuntimeSeccompProfileEnabled", Bool(true)),
                ("disableManifestsDirectory", Bool(true)))),
            // The hostname has a document of its own from 1.12; an empty network is not written from 1.13.
            ("network", version.IsAtLeast(1, 12)
                ? version.IsAtLeast(1, 13) ? null : new YamlMappingNode()
                : Map(("hostname", Text(input.Hostname)))),
            ("install", Map(
                ("disk", Text(input.InstallDisk)),
                ("image", Text(input.InstallImage)),
                ("wipe", Bool(false)),
                ("grubUseUKICmdline", version.IsAtLeast(1, 12) ? Bool(true) : null))),
            ("features", Features(input)),
            ("nodeLabels", controlPlane && version.IsAtLeast(1, 8)
                ? Map(("node.kubernetes.io/exclude-from-external-load-balancers", new YamlScalarNode("") { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted }))
                : null));
    }

    private static YamlMappingNode Features(MachineConfigInput input)
    {
        var version = input.TalosVersion;
        var old = !version.IsAtLeast(1, 12);
        return Map(
            ("rbac", old ? Bool(true) : null),
            ("stableHostname", old ? Bool(true) : null),
            ("apidCheckExtKeyUsage", old ? Bool(true) : null),
            ("diskQuotaSupport", Bool(true)),
            ("kubePrism", Map(("enabled", Bool(true)), ("port", Number(7445)))),
            ("hostDNS", version.IsAtLeast(1, 7)
                ? Map(("enabled", Bool(true)), ("forwardKubeDNSToHost", version.IsAtLeast(1, 8) ? Bool(true) : null))
                : null));
    }

    private static YamlMappingNode ControlPlane(MachineConfigInput input, SecretsBundle secrets)
    {
        var old = !input.TalosVersion.IsAtLeast(1, 12);
        return Map(
            ("id", Text(secrets.ClusterId)),
            ("secret", Text(secrets.ClusterSecret)),
            ("controlPlane", Endpoint(input)),
            ("clusterName", Text(input.ClusterName)),
            ("network", Network(input)),
            ("token", Text(secrets.BootstrapToken)),
            ("secretboxEncryptionSecret", Text(secrets.SecretboxEncryptionSecret)),
            ("ca", SecretsBundle.Pair(secrets.Kubernetes)),
            ("aggregatorCA", SecretsBundle.Pair(secrets.Aggregator)),
            ("serviceAccount", Map(("key", Base64(secrets.ServiceAccountKey)))),
            ("apiServer", Map(
                ("image", Image("kube-apiserver", input)),
                ("certSANs", old ? List([input.Endpoint.Host]) : null),
                ("disablePodSecurityPolicy", old ? Bool(true) : null),
                ("admissionControl", List([PodSecurity()])),
                ("auditPolicy", Map(
                    ("apiVersion", Text("audit.k8s.io/v1")),
                    ("kind", Text("Policy")),
                    ("rules", List([Map(("level", Text("Metadata")))])))))),
            ("controllerManager", Map(("image", Image("kube-controller-manager", input)))),
            ("proxy", Map(("image", Image("kube-proxy", input)))),
            ("scheduler", Map(("image", Image("kube-scheduler", input)))),
            ("discovery", Discovery()),
            ("etcd", Map(("ca", SecretsBundle.Pair(secrets.Etcd)))));
    }

    private static YamlMappingNode Worker(MachineConfigInput input, SecretsBundle secrets) => Map(
        ("id", Text(secrets.ClusterId)),
        ("secret", Text(secrets.ClusterSecret)),
        ("controlPlane", Endpoint(input)),
        ("clusterName", input.TalosVersion.IsAtLeast(1, 8) ? Text(input.ClusterName) : null),
        ("network", Network(input)),
        ("token", Text(secrets.BootstrapToken)),
        ("ca", CertificateOnly(secrets.Kubernetes.Certificate)),
        ("discovery", Discovery()));

    private static YamlMappingNode Hostname(MachineConfigInput input) => Map(
        ("apiVersion", Text("v1alpha1")),
        ("kind", Text("HostnameConfig")),
        ("hostname", Text(input.Hostname)));

    private static YamlMappingNode CertificateOnly(string certificate) => Map(
        ("crt", Base64(certificate)),
        ("key", new YamlScalarNode("") { Style = YamlDotNet.Core.ScalarStyle.DoubleQuoted }));

    private static YamlMappingNode Endpoint(MachineConfigInput input) =>
        Map(("endpoint", Text(input.Endpoint.GetLeftPart(UriPartial.Authority))));

    private static YamlMappingNode Network(MachineConfigInput input) => Map(
        ("dnsDomain", Text("cluster.local")),
        ("podSubnets", List(input.PodSubnets)),
        ("serviceSubnets", List(input.ServiceSubnets)));

    private static YamlMappingNode Discovery() => Map(
        ("enabled", Bool(true)),
        ("registries", Map(("kubernetes", Map(("disabled", Bool(true)))), ("service", new YamlMappingNode()))));

    private static YamlNode Image(string component, MachineConfigInput input) =>
        Text($"registry.k8s.io/{component}:{input.KubernetesVersion}");

    private static YamlMappingNode PodSecurity() => Map(
        ("name", Text("PodSecurity")),
        ("configuration", Map(
            ("apiVersion", Text("pod-security.admission.config.k8s.io/v1alpha1")),
            ("kind", Text("PodSecurityConfiguration")),
            ("defaults", Map(
                ("enforce", Text("baseline")),
                ("enforce-version", Text("latest")),
                ("audit", Text("restricted")),
                ("audit-version", Text("latest")),
                ("warn", Text("restricted")),
                ("warn-version", Text("latest")))),
            ("exemptions", Map(("namespaces", List(["kube-system"])))))));
}
