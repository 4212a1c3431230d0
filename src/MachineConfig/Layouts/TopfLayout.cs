using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>A directory of topf: <c>topf.yaml</c>, the bundle, and folders of patches for all, for a role and for one machine.</summary>
internal static class TopfLayout
{
    private static readonly string[] Programs = ["secretsProvider", "nodesProvider"];

    public static ImportedCluster Read(LayoutFiles directory)
    {
        var topf = directory.Document("topf.yaml");
        foreach (var program in Programs.Where(key => topf.Text(key) != ""))
            throw new FormatException($"topf.yaml: {program} is a program; write down what it says, and take the key away.");
        var folder = topf.Text("patchesDir").TrimEnd('/') is "" or "." ? "" : topf.Text("patchesDir").TrimEnd('/') + "/";
        return new("topf", Required(topf, "clusterName"), Required(topf, "clusterEndpoint"),
            directory.Secrets(topf.Text("secretsPath") is { Length: > 0 } path ? path : "secrets.yaml"))
        {
            TalosVersion = ConfigSummary.Version(topf.Text("talosVersion")),
            KubernetesVersion = ConfigSummary.Version(Required(topf, "kubernetesVersion")),
            Patches = Patches(directory, folder + "all"),
            ControlPlanePatches = Patches(directory, folder + "control-plane"),
            WorkerPatches = Patches(directory, folder + "worker"),
            Nodes = [.. topf.List("nodes").Select(node => Node(directory, folder, node))],
            Left = [.. directory.Left],
        };
    }

    private static ImportedNode Node(LayoutFiles directory, string folder, ConfigLeaf node)
    {
        var host = Required(node, "host");
        return Required(node, "role") switch
        {
            "control-plane" => new(host, node.Text("ip"), MachineType.ControlPlane, Patches(directory, $"{folder}node/{host}")),
            "worker" => new(host, node.Text("ip"), MachineType.Worker, Patches(directory, $"{folder}node/{host}")),
            var role => throw new FormatException(
                $"topf.yaml: line {node.Line}: the role of {host} is control-plane or worker, not {role}."),
        };
    }

    private static EquatableArray<string> Patches(LayoutFiles directory, string folder) => [.. directory.Folder(folder)
        .Where(path => path.Contains(".yaml", StringComparison.Ordinal) || path.Contains(".yml", StringComparison.Ordinal))
        .Select(path => path.EndsWith(".tpl", StringComparison.Ordinal)
            ? throw new FormatException($"{path} is a template; render it with 'topf render', and put the result in its place.")
            : directory.Patch(path, directory.Read(path)))
        .OfType<string>()];

    private static string Required(ConfigLeaf at, string key) => at.Text(key) is { Length: > 0 } text
        ? text : throw new FormatException($"topf.yaml: line {at.Line}: {key} is missing.");
}
