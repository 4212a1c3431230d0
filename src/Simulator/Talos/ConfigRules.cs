using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>
/// What makes a node refuse a config (talos.md 5.8): strict decoding, documents that its release does not know, and the checks that
/// cost an operator a boot otherwise. Keys are checked as deep as fleets write them.
/// </summary>
internal static class ConfigRules
{
    private static readonly Dictionary<string, string[]> Keys = new()
    {
        [""] = ["version", "debug", "persist", "machine", "cluster"],
        ["machine"] =
        [
            "type", "token", "ca", "acceptedCAs", "certSANs", "controlPlane", "kubelet", "pods", "network", "disks", "install", "files",
            "env", "time", "sysctls", "sysfs", "registries", "systemDiskEncryption", "features", "udev", "logging", "kernel",
            "seccompProfiles", "baseRuntimeSpecOverrides", "nodeLabels", "nodeAnnotations", "nodeTaints",
        ],
        ["machine.install"] =
        [
            "disk", "diskSelector", "image", "wipe", "extraKernelArgs", "legacyBIOSSupport", "grubUseUKICmdline", "extensions",
        ],
        ["machine.kubelet"] =
        [
            "image", "clusterDNS", "extraArgs", "extraMounts", "extraConfig", "credentialProviderConfig", "nodeIP",
            "defaultRuntimeSeccompProfileEnabled", "registerWithFQDN", "skipNodeRegistration", "disableManifestsDirectory",
        ],
        ["machine.features"] =
        [
            "rbac", "stableHostname", "apidCheckExtKeyUsage", "diskQuotaSupport", "kubernetesTalosAPIAccess", "kubePrism", "hostDNS",
            "imageCache", "nodeAddressSortAlgorithm",
        ],
        ["cluster"] =
        [
            "id", "secret", "controlPlane", "clusterName", "network", "token", "aescbcEncryptionSecret", "secretboxEncryptionSecret", "ca",
            "acceptedCAs", "aggregatorCA", "serviceAccount", "apiServer", "controllerManager", "proxy", "scheduler", "discovery", "etcd",
            "coreDNS", "externalCloudProvider", "extraManifests", "extraManifestHeaders", "inlineManifests", "adminKubeconfig",
            "allowSchedulingOnControlPlanes",
        ],
        ["cluster.network"] = ["cni", "dnsDomain", "podSubnets", "serviceSubnets"],
    };

    // Keys that came later than 1.6 (talos.md 5.2, 5.4), by minor.
    private static readonly Dictionary<string, int> KeySince = new()
    {
        ["machine.acceptedCAs"] = 7, ["cluster.acceptedCAs"] = 7, ["machine.features.hostDNS"] = 7,
        ["machine.nodeAnnotations"] = 8, ["machine.baseRuntimeSpecOverrides"] = 9, ["machine.features.imageCache"] = 9,
        ["machine.features.nodeAddressSortAlgorithm"] = 9, ["machine.install.grubUseUKICmdline"] = 12,
    };

    // Document kinds by the minor that brought them (talos.md 5.5).
    private static readonly Dictionary<int, string[]> Kinds = new()
    {
        [6] = ["SideroLinkConfig", "EventSinkConfig", "KmsgLogConfig", "NetworkDefaultActionConfig", "NetworkRuleConfig"],
        [7] = ["ExtensionServiceConfig", "WatchdogTimerConfig"],
        [8] = ["VolumeConfig", "KubeSpanEndpointsConfig", "TrustedRootsConfig"],
        [10] = ["UserVolumeConfig", "PCIDriverRebindConfig", "EthernetConfig"],
        [11] = ["ExistingVolumeConfig", "RawVolumeConfig", "SwapVolumeConfig", "ZswapConfig"],
        [12] =
        [
            "RegistryMirrorConfig", "RegistryAuthConfig", "RegistryTLSConfig", "HostnameConfig", "ResolverConfig", "StaticHostConfig",
            "TimeSyncConfig", "LinkConfig", "LinkAliasConfig", "BondConfig", "BridgeConfig", "VLANConfig", "DummyLinkConfig", "DHCPv4Config",
            "DHCPv6Config", "Layer2VIPConfig", "HCloudVIPConfig", "WireguardConfig", "OOMConfig",
        ],
        [13] =
        [
            "ExternalVolumeConfig", "BlackholeRouteConfig", "RoutingRuleConfig", "VRFConfig", "TCPProbeConfig", "KubeSpanConfig",
            "EnvironmentConfig", "ImageVerificationConfig",
        ],
        [14] =
        [
            "UnattendedInstallConfig", "SysctlConfig", "SysfsConfig", "UdevRulesConfig", "KernelModuleConfig", "EtcFileConfig",
            "SecurityProfileConfig", "FilesystemScrubConfig", "FilesystemTrimConfig", "DiscoveryIdentityConfig", "DiscoveryServiceConfig",
            "CRICustomizationConfig", "CRIBaseRuntimeSpecConfig", "ImageCacheConfig", "HTTPProbeConfig", "BGPInstanceConfig", "VethConfig",
            "LVMVolumeGroupConfig", "LVMLogicalVolumeConfig", "RAIDArrayConfig", "KubeClusterConfig", "KubeNodeConfig", "KubeletConfig",
            "KubeNetworkConfig", "KubeAPIServerConfig", "KubeAPIServerCAConfig", "KubeAggregatorCAConfig", "KubeServiceAccountConfig",
            "KubeControllerManagerConfig", "KubeSchedulerConfig", "KubeProxyConfig", "KubePrismConfig", "KubeAdmissionControlConfig",
            "KubeAuditPolicyConfig", "KubeAuthenticationConfig", "KubeAuthorizerConfig", "KubeEtcdEncryptionConfig", "KubeFlannelCNIConfig",
            "KubeCoreDNSConfig", "KubeExternalManifestConfig",
        ],
    };

    /// <summary>What cannot be decoded at all: the loader stops there, before anything is checked.</summary>
    public static IEnumerable<string> DecodingProblems(IReadOnlyList<YamlNode> documents, SemanticVersion talos) =>
        documents.Where(d => d.At("kind") is null).SelectMany(main => Unknown(main, "", talos)).Concat(DocumentProblems(documents, talos));

    public static IEnumerable<string> Problems(IReadOnlyList<YamlNode> documents, IReadOnlyCollection<string> disks, SemanticVersion talos)
    {
        var mains = documents.Where(d => d.At("kind") is null).ToList();
        if (mains is not [var main])
            return [mains.Count == 0 ? "the v1alpha1 config is required" : "not unique"];
        return InstallProblems(main, disks, talos).Concat(FieldProblems(main, talos)).Concat(TrustProblems(main))
            .Concat(documents.Any(d => d.Scalar("kind") == "HostnameConfig") && main.At("machine", "network", "hostname") is not null
                ? ["static hostname is already set in v1alpha1 config"] : []);
    }

    // Strict decoding: a key that this release does not know is an error (talos.md 0, trap 5).
    private static IEnumerable<string> Unknown(YamlNode node, string path, SemanticVersion talos)
    {
        if (node is not YamlMappingNode map || !Keys.TryGetValue(path, out var known))
            return [];
        return map.Children.SelectMany(pair =>
        {
            var key = (pair.Key as YamlScalarNode)?.Value ?? pair.Key.ToString();
            var here = path == "" ? key : $"{path}.{key}";
            return known.Contains(key) && talos.IsAtLeast(1, KeySince.GetValueOrDefault(here, 6))
                ? Unknown(pair.Value, here, talos)
                : [$"unknown keys found during decoding: {here}"];
        });
    }

    private static IEnumerable<string> DocumentProblems(IReadOnlyList<YamlNode> documents, SemanticVersion talos)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var document in documents.Where(d => d.At("kind") is not null))
        {
            var kind = document.Scalar("kind");
            if (!Kinds.Any(k => talos.IsAtLeast(1, k.Key) && k.Value.Contains(kind)))
                yield return $"\"{kind}\" \"{document.Scalar("apiVersion")}\": not registered";
            if (!seen.Add((kind, document.Scalar("name"))))
                yield return $"not unique: document {kind}/{document.Scalar("name")}";
        }
    }

    // From 1.14 a document may say where to install instead (talos.md 5.8).
    private static IEnumerable<string> InstallProblems(YamlNode main, IReadOnlyCollection<string> disks, SemanticVersion talos)
    {
        if (main.At("machine", "install") is not { } install)
            return talos.IsAtLeast(1, 14) ? [] : ["install instructions are required in \"metal\" mode"];
        var disk = install.Scalar("disk");
        if (disk == "" && install.At("diskSelector") is null)
            return ["either install disk or diskSelector should be defined"];
        return disk == "" || disks.Contains(disk) ? [] : [$"the install disk \"{disk}\" does not exist"];
    }

    private static IEnumerable<string> FieldProblems(YamlNode main, SemanticVersion talos)
    {
        if (main.Scalar("machine", "type") is not ("controlplane" or "worker") and var type)
            yield return $"unknown machine type \"{type}\"";
        if (main.Scalar("persist") != "true")
            yield return "persist should be enabled";
        if (main.At("machine", "install", "extraKernelArgs") is not null && main.Scalar("machine", "install", "grubUseUKICmdline") == "true")
            yield return "install.extraKernelArgs and install.grubUseUKICmdline can't be used together";
        if (!Uri.TryCreate(main.Scalar("cluster", "controlPlane", "endpoint"), UriKind.Absolute, out var endpoint) || endpoint.Scheme != "https")
            yield return "the cluster's control plane endpoint must be a URL";
        if (main.Scalar("cluster", "network", "cni", "name") is not ("" or "flannel" or "custom" or "none") and var cni)
            yield return $"cni name should be one of [custom flannel none]: \"{cni}\"";
        // Each release runs six minors of Kubernetes (talos.md 6.5).
        var tag = main.Scalar("machine", "kubelet", "image").Split(':')[^1];
        if (!SemanticVersion.TryParse(tag, out var kubernetes) || kubernetes.Minor < talos.Minor + 18 || kubernetes.Minor > talos.Minor + 23)
            yield return $"version of Kubernetes \"{tag}\" is not supported by Talos {talos}";
    }

    private static IEnumerable<string> TrustProblems(YamlNode main)
    {
        var controlPlane = main.Scalar("machine", "type") == "controlplane";
        foreach (var section in new[] { "machine", "cluster" })
        {
            var (certificate, key) = (main.Scalar(section, "ca", "crt"), main.Scalar(section, "ca", "key"));
            if (!IsBase64(certificate) || !IsBase64(key))
                yield return $"{section}.ca: illegal base64 data";
            else if (certificate == "" || (controlPlane && key == ""))
                yield return controlPlane ? "a control plane needs the CA with its key" : "trusted CA certificates are required on a worker";
            else if (!controlPlane && key != "")
                yield return "issuing CA key is not allowed on a worker";
        }
        if (!controlPlane && main.At("cluster", "etcd") is not null)
            yield return "etcd is not allowed on a worker";
    }

    private static bool IsBase64(string text) => Convert.TryFromBase64String(text, new byte[text.Length], out _);
}
