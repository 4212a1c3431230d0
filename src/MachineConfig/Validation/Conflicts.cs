using Cozy.Fleet.MachineConfig.Documents;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>Fields of the v1alpha1 document that may not stand beside the document that replaces them (talos.md 5.4).</summary>
internal static class Conflicts
{
    // A field conflicts when it is there; after a space, when it has this value.
    private static readonly Dictionary<string, string[]> Fields = new()
    {
        ["HostnameConfig"] = ["machine.network.hostname", "machine.features.stableHostname true"],
        ["ResolverConfig"] = ["machine.network.nameservers", "machine.network.searchDomains", "machine.network.disableSearchDomain true"],
        ["TimeSyncConfig"] = ["machine.time.disabled true", "machine.time.servers", "machine.time.bootTimeout"],
        ["KubeSpanConfig"] = ["machine.network.kubespan"],
        ["DiscoveryIdentityConfig"] = ["cluster.id", "cluster.secret"],
        ["DiscoveryServiceConfig"] = ["cluster.discovery"],
        ["CRIBaseRuntimeSpecConfig"] = ["machine.baseRuntimeSpecOverrides"],
        ["ImageCacheConfig"] = ["machine.features.imageCache"],
        ["KubeAdmissionControlConfig"] = ["cluster.apiServer.admissionControl"],
        ["KubeAggregatorCAConfig"] = ["cluster.aggregatorCA"],
        ["KubeAPIServerConfig"] = ["cluster.apiServer", "cluster.controlPlane.localAPIServerPort"],
        ["KubeAPIServerCAConfig"] = ["cluster.ca"],
        ["KubeAuditPolicyConfig"] = ["cluster.apiServer.auditPolicy"],
        ["KubeAuthorizerConfig"] = ["cluster.apiServer.admissionControl"],
        ["KubeClusterConfig"] = ["cluster.clusterName", "cluster.controlPlane.endpoint"],
        ["KubeControllerManagerConfig"] = ["cluster.controllerManager", "machine.controlPlane.controllerManager"],
        ["KubeCoreDNSConfig"] = ["cluster.coreDNS"],
        ["KubeCredentialProviderConfig"] = ["machine.kubelet"],
        ["KubeEtcdEncryptionConfig"] = ["cluster.secretboxEncryptionSecret", "cluster.aescbcEncryptionSecret"],
        ["KubeFlannelCNIConfig"] = ["cluster.network"],
        ["KubeletConfig"] = ["machine.kubelet"],
        ["KubePrismConfig"] = ["machine.features.kubePrism"],
        ["KubeNetworkConfig"] = ["cluster.network"],
        ["KubeNodeConfig"] =
        [
            "cluster.allowSchedulingOnControlPlanes", "cluster.allowSchedulingOnMasters", "machine.kubelet.skipNodeRegistration",
            "machine.kubelet.registerWithFQDN", "machine.kubelet.nodeIP", "machine.nodeLabels", "machine.nodeAnnotations",
            "machine.nodeTaints",
        ],
        ["KubeProxyConfig"] = ["cluster.proxy"],
        ["KubeSchedulerConfig"] = ["cluster.scheduler", "machine.controlPlane.scheduler"],
        ["KubeServiceAccountConfig"] = ["cluster.serviceAccount"],
        ["KubeTalosAPIAccessConfig"] = ["machine.features.kubernetesTalosAPIAccess"],
        ["UnattendedInstallConfig"] = ["machine.install"],
    };

    public static IEnumerable<ConfigProblem> Problems(WholeConfig config, ConfigLeaf main) =>
        config.Roots.DistinctBy(root => root.Kind).SelectMany(document => Fields.GetValueOrDefault(document.Kind, [])
            .Select(rule => Conflicting(main, rule)).OfType<ConfigLeaf>().Select(field => Both(field, document.Kind)))
            .Concat(Nested(config, main));

    // These conflict by what the document says, too.
    private static IEnumerable<ConfigProblem> Nested(WholeConfig config, ConfigLeaf main)
    {
        if (config.Documents("ResolverConfig").Any(d => d.Map("hostDNS").Any()) && main.Find("machine", "features", "hostDNS") is { } dns)
            yield return Both(dns, "hostDNS of ResolverConfig");
        foreach (var volume in config.Documents("VolumeConfig").Where(d => d.Find("encryption") is not null))
        {
            if (main.Find("machine", "systemDiskEncryption", volume.Text("name").ToLowerInvariant()) is { } encryption)
                yield return Both(encryption, volume.Place.Document);
        }
    }

    private static ConfigLeaf? Conflicting(ConfigLeaf main, string rule)
    {
        var (path, value) = rule.Split(' ') is [var first, var second] ? (first, second) : (rule, "");
        return main.Find(path.Split('.')) is { } field && (value == "" || field.Text() == value) ? field : null;
    }

    private static ConfigProblem Both(ConfigLeaf field, string document) =>
        field.Problem($"{field.Place} and {document} say the same thing, and only one of them may be there.");
}
