namespace Cozy.Fleet.MachineConfig.Patches;

/// <summary>
/// Where a strategic merge does something else than merge maps and append lists (talos.md 5.6). A path is that of the v1alpha1 document,
/// or it starts with the kind of the document that it belongs to.
/// </summary>
internal static class MergeRules
{
    private static readonly HashSet<string> Replaced =
    [
        "cluster.network.podSubnets", "cluster.network.serviceSubnets", "cluster.apiServer.auditPolicy",
        "NetworkRuleConfig:ingress", "NetworkRuleConfig:portSelector.ports",
        "KubeNetworkConfig:podSubnets", "KubeNetworkConfig:serviceSubnets", "KubeAuditPolicyConfig:configuration",
        "KubeAuthenticationConfig:configuration", "KubeCredentialProviderConfig:configuration", "KubeStaticPodConfig:pod",
        "CRIBaseRuntimeSpecConfig:overrides", "BGPInstanceConfig:advertise", "BGPInstanceConfig:importRoutes",
        "BGPInstanceConfig:neighbors",
    ];

    private static readonly Dictionary<string, string[]> Keys = new()
    {
        ["machine.network.interfaces"] = ["interface", "deviceSelector"],
        ["machine.network.interfaces.vlans"] = ["vlanId"],
        ["cluster.apiServer.admissionControl"] = ["name"],
        ["ExtensionServiceConfig:configFiles"] = ["mountPath"],
        ["ImageVerificationConfig:rules"] = ["image"],
    };

    // Rules for the same images are not mixed.
    private static readonly HashSet<string> WholeElements = ["ImageVerificationConfig:rules"];

    /// <summary>True where the patch's list or map takes the place of the present one.</summary>
    public static bool Replaces(string path) => Replaced.Contains(path) || IsArgument(path);

    /// <summary>True where an element takes the place of its like, instead of being merged into it.</summary>
    public static bool ReplacesElements(string path) => WholeElements.Contains(path);

    /// <summary>The fields, the first that is there, by which an element of a list finds its like; none where lists append.</summary>
    public static string[] KeysOf(string path) => Keys.GetValueOrDefault(path, []);

    // An argument of a component, which may be given several times from 1.13 on: its list is one value.
    private static bool IsArgument(string path) => path.Contains(".extraArgs.", StringComparison.Ordinal)
        || path.Contains(":extraArgs.", StringComparison.Ordinal);
}
