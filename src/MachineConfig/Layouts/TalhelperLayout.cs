using System.Text.RegularExpressions;
using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;
using static Cozy.Fleet.MachineConfig.Yaml;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>
/// A directory of talhelper: <c>talconfig.yaml</c> with the bundle beside it. Its keys that stand for fields of Talos become patches; what
/// it makes of the others is its own, and they are named as left.
/// </summary>
internal static partial class TalhelperLayout
{
    private static readonly HashSet<string> Known =
    [
        "clusterName", "endpoint", "talosVersion", "kubernetesVersion", "patches", "nodes", "controlPlane", "worker", "domain",
        "clusterPodNets", "clusterSvcNets", "cniConfig", "additionalApiServerCertSans", "additionalMachineCertSans",
        "allowSchedulingOnControlPlanes",
    ];

    // What a node or a role says, and the field of machine that it is.
    private static readonly Dictionary<string, string[]> Fields = new()
    {
        ["installDisk"] = ["install", "disk"], ["installDiskSelector"] = ["install", "diskSelector"], ["nodeLabels"] = ["nodeLabels"],
        ["nodeAnnotations"] = ["nodeAnnotations"], ["nodeTaints"] = ["nodeTaints"], ["certSANs"] = ["certSANs"],
        ["networkInterfaces"] = ["network", "interfaces"], ["nameservers"] = ["network", "nameservers"],
        ["disableSearchDomain"] = ["network", "disableSearchDomain"], ["machineDisks"] = ["disks"], ["machineFiles"] = ["files"],
        ["kernelModules"] = ["kernel", "modules"],
    };

    private static readonly HashSet<string> OfNodes = ["hostname", "ipAddress", "controlPlane", "patches"];

    public static ImportedCluster Read(LayoutFiles directory)
    {
        var text = directory.Read("talconfig.yaml");
        if (Variable().Match(text) is { Success: true } variable)
            throw new FormatException($"talconfig.yaml refers to {variable.Value}; put the values in, for example with envsubst.");
        var root = directory.Document("talconfig.yaml");
        foreach (var (key, _) in root.Map().Where(entry => !Known.Contains(entry.Name)))
            directory.Leave($"talconfig.yaml: {key} is not taken over.");
        return new("talhelper", Required(root, "clusterName"), Required(root, "endpoint"), directory.Secrets("talsecret.yaml"))
        {
            TalosVersion = ConfigSummary.Version(root.Text("talosVersion")),
            KubernetesVersion = ConfigSummary.Version(root.Text("kubernetesVersion")),
            Patches = [.. Own(directory, "talconfig.yaml", Cluster(root)), .. Patches(directory, root)],
            ControlPlanePatches = Section(directory, root.Find("controlPlane")),
            WorkerPatches = Section(directory, root.Find("worker")),
            Nodes = [.. root.List("nodes").Select(node => Node(directory, node))],
            Left = [.. directory.Left],
        };
    }

    private static YamlMappingNode Cluster(ConfigLeaf root) => Without(Map(
        ("machine", Without(Map(("certSANs", root.Find("additionalMachineCertSans")?.Node)))),
        ("cluster", Without(Map(
            ("allowSchedulingOnControlPlanes", root.Find("allowSchedulingOnControlPlanes")?.Node),
            ("apiServer", Without(Map(("certSANs", root.Find("additionalApiServerCertSans")?.Node)))),
            ("network", Without(Map(
                ("cni", root.Find("cniConfig")?.Node),
                ("podSubnets", root.Find("clusterPodNets")?.Node),
                ("serviceSubnets", root.Find("clusterSvcNets")?.Node)))))))))
        ?? [];

    private static ImportedNode Node(LayoutFiles directory, ConfigLeaf node) => new(
        Required(node, "hostname"), Required(node, "ipAddress").Split(',')[0].Trim(),
        node.IsTrue("controlPlane") ? MachineType.ControlPlane : MachineType.Worker, Section(directory, node));

    private static EquatableArray<string> Section(LayoutFiles directory, ConfigLeaf? section)
    {
        if (section is null)
            return [];
        var machine = new YamlMappingNode();
        foreach (var (name, value) in section.Map())
        {
            if (Fields.TryGetValue(name, out var field))
                Put(machine, field, value.Node);
            else if (!OfNodes.Contains(name))
                directory.Leave($"talconfig.yaml: {section.Place}.{name} is not taken over.");
        }
        var patch = machine.Children.Count == 0 ? new YamlMappingNode() : Map(("machine", machine));
        return [.. Own(directory, $"talconfig.yaml: {section.Place}", patch), .. Patches(directory, section)];
    }

    private static void Put(YamlMappingNode machine, string[] field, YamlNode value)
    {
        var at = machine;
        foreach (var key in field[..^1])
        {
            if (at.At(key) is not YamlMappingNode inner)
                at.Add(key, inner = []);
            at = inner;
        }
        at.Add(field[^1], value);
    }

    // A patch stands there itself, or the path of its file behind an @.
    private static IEnumerable<string> Patches(LayoutFiles directory, ConfigLeaf section) => section.List("patches").Select(patch =>
        patch.Text().StartsWith('@')
            ? directory.Patch(patch.Text()[1..], directory.Read(patch.Text()[1..]))
            : directory.Patch($"talconfig.yaml: {patch.Place}", patch.Text())).OfType<string>();

    private static IEnumerable<string> Own(LayoutFiles directory, string place, YamlMappingNode patch) =>
        patch.Children.Count > 0 && directory.Patch(place, Yaml.Write([patch])) is { } text ? [text] : [];

    private static YamlMappingNode? Without(YamlMappingNode map) => map.Children.Count == 0 ? null : map;

    private static string Required(ConfigLeaf at, string key) => at.Text(key) is { Length: > 0 } text
        ? text : throw new FormatException($"talconfig.yaml: line {at.Line}: {key} is missing.");

    [GeneratedRegex("\\$\\{[^}]*\\}")]
    private static partial Regex Variable();
}
