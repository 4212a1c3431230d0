using Cozy.Fleet.MachineConfig.Documents;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What must be right between documents.</summary>
internal static class DocumentRules
{
    private static readonly HashSet<string> OfControlPlanes =
    [
        "KubeAdmissionControlConfig", "KubeAggregatorCAConfig", "KubeAPIServerConfig", "KubeAuditPolicyConfig", "KubeAuthenticationConfig",
        "KubeAuthorizerConfig", "KubeControllerManagerConfig", "KubeCoreDNSConfig", "KubeEtcdEncryptionConfig", "KubeFlannelCNIConfig",
        "KubeProxyConfig", "KubeSchedulerConfig", "KubeServiceAccountConfig", "KubeTalosAPIAccessConfig",
    ];

    public static IEnumerable<ConfigProblem> Problems(WholeConfig config) =>
        Roles(config).Concat(config.Documents("HostnameConfig").SelectMany(Hostname)).Concat(Discovery(config))
            .Concat(config.Documents("ImageVerificationConfig").SelectMany(d => d.List("rules")).SelectMany(Verification))
            .Concat(config.Documents("VLANConfig").SelectMany(Vlan));

    private static IEnumerable<ConfigProblem> Roles(WholeConfig config) => config.IsControlPlane
        ? []
        : config.Roots.Where(root => OfControlPlanes.Contains(root.Kind))
            .Select(root => root.Problem($"{root.Place} is for control planes only."));

    private static IEnumerable<ConfigProblem> Hostname(ConfigLeaf document)
    {
        var (auto, name) = (document.Text("auto"), document.Text("hostname"));
        if (auto == "" && name == "")
            yield return document.Problem("HostnameConfig has neither auto nor hostname, and needs one of them.");
        if (auto is not ("" or "off") && name != "")
            yield return document.Problem($"HostnameConfig has auto: {auto} and a hostname, and only one of them may be there.");
        if (name.Length > 253 || name.Split('.')[0].Length > 63)
            yield return document.Problem("HostnameConfig: hostname is at most 63 letters up to the first dot, and 253 in all.");
    }

    private static IEnumerable<ConfigProblem> Discovery(WholeConfig config)
    {
        if (config.Documents("DiscoveryServiceConfig").FirstOrDefault() is { } service
            && !config.Has("DiscoveryIdentityConfig") && config.Main?.Text("cluster", "id") == "")
            yield return service.Problem($"{service.Place} needs a DiscoveryIdentityConfig beside it.");
    }

    private static IEnumerable<ConfigProblem> Verification(ConfigLeaf rule)
    {
        if (rule.Text("image") == "")
            yield return rule.Missing("image", "it is the pattern of the images that the rule is for");
        var (skip, deny) = (rule.IsTrue("skip"), rule.IsTrue("deny"));
        if (skip && deny)
            yield return rule.Problem($"{rule.Place} has skip and deny, and only one of them may be true.");
        if ((skip || deny) && (rule.Find("keyless") is not null || rule.Find("publicKey") is not null))
            yield return rule.Problem($"{rule.Place} verifies nothing with skip or deny, so keyless and publicKey may not be there.");
    }

    private static IEnumerable<ConfigProblem> Vlan(ConfigLeaf document)
    {
        if (document.Find("vlanID") is { } id && id.Number() is < 1 or > 4094)
            yield return document.Problem($"{document.Place}: vlanID is from 1 to 4094.");
    }
}
