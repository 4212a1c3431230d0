using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Diff;

/// <summary>
/// Which changes a node takes up while it runs (talos.md 5.7). Until 1.13 the node itself compares the v1alpha1 document but for the fields
/// below, and wants a reboot for all others; separate documents are always taken. From 1.14 it takes everything, and a short list waits
/// for the next boot.
/// </summary>
internal static class ChangeRules
{
    private const int FirstThatNeverReboots = 14;

    // What is read when a volume is opened.
    private static readonly string[] Encrypted =
        ["VolumeConfig", "UserVolumeConfig", "RawVolumeConfig", "ExistingVolumeConfig", "SwapVolumeConfig"];

    // By the minor from which the node takes the field up at once.
    private static readonly Dictionary<string, int> Hot = new()
    {
        ["version"] = 6, ["debug"] = 6, ["cluster"] = 6, ["machine.time"] = 6, ["machine.certSANs"] = 6, ["machine.install"] = 6,
        ["machine.network"] = 6, ["machine.sysfs"] = 6, ["machine.sysctls"] = 6, ["machine.logging"] = 6, ["machine.controlPlane"] = 6,
        ["machine.kubelet"] = 6, ["machine.kernel"] = 6, ["machine.registries"] = 6, ["machine.pods"] = 6, ["machine.seccompProfiles"] = 6,
        ["machine.nodeLabels"] = 6, ["machine.features.kubernetesTalosAPIAccess"] = 6,
        ["machine.ca"] = 7, ["machine.acceptedCAs"] = 7, ["machine.nodeTaints"] = 7, ["machine.features.kubePrism"] = 7,
        ["machine.features.hostDNS"] = 7, ["machine.nodeAnnotations"] = 8, ["machine.features.imageCache"] = 9,
        ["machine.features.nodeAddressSortAlgorithm"] = 9,
    };

    // From 1.14: read once in a boot.
    private static readonly HashSet<string> Cold =
    [
        "machine.type", "machine.disks", "machine.files", "machine.env", "machine.systemDiskEncryption", "cluster.etcd",
        "EnvironmentConfig:",
    ];

    private static readonly HashSet<string> Installed =
    [
        "machine.install.image", "machine.install.extensions", "machine.install.extraKernelArgs", "machine.install.grubUseUKICmdline",
        "UnattendedInstallConfig:installer.image",
    ];

    // What is in machine.network and in documents of it without a hand in whether the node is reached.
    private static readonly HashSet<string> Harmless =
    [
        "machine.network.hostname", "machine.network.nameservers", "machine.network.searchDomains", "machine.network.disableSearchDomain",
        "machine.network.extraHostEntries",
    ];

    private static readonly HashSet<string> Network =
    [
        "machine.network", "LinkConfig:", "LinkAliasConfig:", "BondConfig:", "BridgeConfig:", "VLANConfig:", "VethConfig:", "VRFConfig:",
        "DummyLinkConfig:", "EthernetConfig:", "DHCPv4Config:", "DHCPv6Config:", "Layer2VIPConfig:", "HCloudVIPConfig:", "WireguardConfig:",
        "NetworkDefaultActionConfig:", "NetworkRuleConfig:", "BlackholeRouteConfig:", "RoutingRuleConfig:", "BGPInstanceConfig:",
        "KubeSpanConfig:", "KubeSpanEndpointsConfig:", "PCIDriverRebindConfig:",
    ];

    public static ConfigVerdict Judge(IReadOnlyList<ConfigChange> changes, SemanticVersion talos)
    {
        var network = changes.FirstOrDefault(c => Under(c.Rule, Network.Contains) && !Under(c.Rule, Harmless.Contains))?.Place;
        var judged = changes.Select(change => (Change: change, Effect: Of(change, talos))).ToList();
        // MaxBy takes the first of equals.
        if (judged.DefaultIfEmpty().MaxBy(c => c.Effect) is not { Change: { } decisive, Effect: var effect })
            return new(ChangeEffect.None, null, "", null, null);
        var reboot = judged.Find(c => c.Effect == ChangeEffect.Reboot).Change?.Place;
        return new(effect, decisive.Place, Reason(effect, decisive, talos), network, reboot);
    }

    private static ChangeEffect Of(ConfigChange change, SemanticVersion talos) =>
        Under(change.Rule, Installed.Contains) ? ChangeEffect.Upgrade
        : NeedsReboot(change, talos) ? ChangeEffect.Reboot
        : ChangeEffect.Live;

    private static bool NeedsReboot(ConfigChange change, SemanticVersion talos)
    {
        var (rule, kind) = (change.Rule, change.Rule.Split(':')[0]);
        if (Encrypted.Contains(kind) && Under(rule, path => path == $"{kind}:encryption"))
            return true;
        if (talos.IsAtLeast(1, FirstThatNeverReboots))
            return Under(rule, Cold.Contains) || (change.Before is not null && Under(rule, IsModule));
        return !rule.Contains(':', StringComparison.Ordinal)
            && !Under(rule, path => talos.IsAtLeast(1, Hot.GetValueOrDefault(path, int.MaxValue)));
    }

    // A new one is loaded at once; one that is there keeps its parameters, and stays.
    private static bool IsModule(string path) => path is "machine.kernel.modules" or "KernelModuleConfig:";

    // A rule belongs to every beginning of it: the kind, then key by key.
    private static bool Under(string rule, Predicate<string> named)
    {
        var kind = rule.IndexOf(':', StringComparison.Ordinal) + 1;
        if (kind > 0 && named(rule[..kind]))
            return true;
        for (var end = rule.IndexOf('.', kind); end >= 0; end = rule.IndexOf('.', end + 1))
        {
            if (named(rule[..end]))
                return true;
        }
        return named(rule);
    }

    private static string Reason(ChangeEffect effect, ConfigChange change, SemanticVersion talos) => effect switch
    {
        ChangeEffect.Upgrade => $"{change.Place} is made true by the installer, in an upgrade.",
        ChangeEffect.Reboot => $"{change.Place} works on Talos {talos} after a reboot.",
        _ => $"{change.Place} and all other changes are taken up by Talos {talos} while it runs.",
    };
}
