using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>
/// A project of talm (talos.md 8.3): a chart whose rendered node files stand below <c>nodes</c>. The files are what was applied, so the
/// templates are not read.
/// </summary>
internal static class TalmLayout
{
    public static ImportedCluster Read(LayoutFiles directory)
    {
        var chart = directory.Document("Chart.yaml");
        var values = directory.Has("values.yaml") ? directory.Document("values.yaml") : null;
        var files = directory.Folder("nodes").Where(path => path.EndsWith(".yaml", StringComparison.Ordinal)).ToList();
        if (files.Count == 0)
            throw new FormatException("There is no file in nodes/; write one for each machine with 'talm template -I' first.");
        var roots = files.ToDictionary(path => path, path => Roots(path, directory.Read(path)));
        var summary = ConfigSummary.Of([.. roots.Values.SelectMany(r => r)]);
        var endpoint = summary.Endpoint != "" ? summary.Endpoint : values?.Text("endpoint") ?? "";
        return new("talm", summary.Name != "" ? summary.Name : chart.Text("name"), endpoint, directory.Secrets("secrets.yaml"))
        {
            TalosVersion = Version(summary.TalosVersion, chart, "talosVersion"),
            KubernetesVersion = Version(summary.KubernetesVersion, chart, "kubernetesVersion"),
            Nodes = [.. files.Select(path => Node(directory, path, roots[path]))],
            Left = [.. directory.Left],
        };
    }

    private static string Version(string applied, ConfigLeaf chart, string key) =>
        applied != "" ? applied : ConfigSummary.Version(chart.Text("templateOptions", key));

    private static List<ConfigLeaf> Roots(string path, string text)
    {
        var documents = LayoutFiles.In(path, () => Yaml.Read(text));
        return documents.Count > 0
            ? documents.ConvertAll(d => ConfigLeaf.Root(d as YamlMappingNode ?? throw new FormatException($"{path} is no machine config.")))
            : throw new FormatException($"{path} has no config below its mode line; write it with 'talm template -I' first.");
    }

    private static ImportedNode Node(LayoutFiles directory, string path, IReadOnlyList<ConfigLeaf> roots)
    {
        var text = directory.Read(path);
        if (ModeLine.Of(text) is not { Nodes: [var address], Templates: var templates })
            throw new FormatException($"{path} does not start with a mode line of talm that names one node.");
        string Of(string kind, params string[] keys) => roots.FirstOrDefault(root => root.Kind == kind)?.Text(keys) ?? "";
        var type = Of("", "machine", "type");
        var worker = type == "worker" || (type == "" && templates.Any(t => t.Contains("worker", StringComparison.Ordinal)));
        var names = new[] { Of("HostnameConfig", "hostname"), Of("", "machine", "network", "hostname") };
        return new(
            Array.Find(names, n => n != "") ?? Path.GetFileNameWithoutExtension(path), address,
            worker ? MachineType.Worker : MachineType.ControlPlane,
            directory.Patch(path, text) is { } patch ? [patch] : []);
    }
}
