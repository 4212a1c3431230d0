using Cozy.Fleet.MachineConfig.Secrets;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Generate;

/// <summary>The section <c>cluster</c> of the v1alpha1 document up to 1.13.</summary>
internal static class ClusterFields
{
    public static YamlMappingNode Of(Generation of) => of.IsControlPlane ? ControlPlane(of) : Worker(of);

    private static YamlMappingNode ControlPlane(Generation of) => Map(
        ("id", Text(of.Secrets.ClusterId)),
        ("secret", Text(of.Secrets.ClusterSecret)),
        ("controlPlane", Map(("endpoint", Text(of.Endpoint)))),
        ("clusterName", Text(of.Input.ClusterName)),
        ("network", Network(of)),
        ("token", Text(of.Secrets.BootstrapToken)),
        ("aescbcEncryptionSecret", TextOrNone(of.Secrets.AescbcEncryptionSecret)),
        ("secretboxEncryptionSecret", TextOrNone(of.Secrets.SecretboxEncryptionSecret)),
        ("ca", PemText.Pair(of.Secrets.Kubernetes)),
        ("aggregatorCA", PemText.Pair(of.Secrets.Aggregator)),
        ("serviceAccount", Map(("key", Base64(of.Secrets.ServiceAccountKey)))),
        ("apiServer", ApiServer(of)),
        ("controllerManager", Map(("image", of.Image("kube-controller-manager")))),
        ("proxy", Map(("image", of.Image("kube-proxy")))),
        ("scheduler", Map(("image", of.Image("kube-scheduler")))),
        ("discovery", Discovery()),
        ("etcd", Map(("ca", PemText.Pair(of.Secrets.Etcd)))),
        ("extraManifests", List(Array.Empty<string>())),
        ("inlineManifests", List(Array.Empty<string>())));

    private static YamlMappingNode Worker(Generation of) => Map(
        ("id", Text(of.Secrets.ClusterId)),
        ("secret", Text(of.Secrets.ClusterSecret)),
        ("controlPlane", Map(("endpoint", Text(of.Endpoint)))),
        ("clusterName", of.Since(8) ? Text(of.Input.ClusterName) : null),
        ("network", Network(of)),
        ("token", Text(of.Secrets.BootstrapToken)),
        ("ca", PemText.CertificateOnly(of.Secrets.Kubernetes.Certificate)),
        ("discovery", Discovery()));

    private static YamlMappingNode ApiServer(Generation of) => Map(
        ("image", of.Image("kube-apiserver")),
        // The endpoint's host is known from elsewhere from 1.12.
        ("certSANs", ListOrNone(of.Since(12)
            ? [.. of.Input.CertSans]
            : [of.Input.Endpoint.Host, .. of.Input.CertSans.Except([of.Input.Endpoint.Host])])),
        ("disablePodSecurityPolicy", of.Since(12) ? null : Bool(true)),
        ("admissionControl", List([Map(("name", Text("PodSecurity")), ("configuration", Generation.PodSecurity()))])),
        ("auditPolicy", Generation.AuditPolicy()));

    private static YamlMappingNode Network(Generation of) => Map(
        ("dnsDomain", Text("cluster.local")),
        ("podSubnets", List(of.Input.PodSubnets)),
        ("serviceSubnets", List(of.Input.ServiceSubnets)));

    private static YamlMappingNode Discovery() => Map(
        ("enabled", Bool(true)),
        ("registries", Map(("kubernetes", Map(("disabled", Bool(true)))), ("service", new YamlMappingNode()))));
}
