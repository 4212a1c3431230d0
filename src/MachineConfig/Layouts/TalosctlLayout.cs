using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig.Layouts;

/// <summary>
/// The files of <c>talosctl gen config</c>: a whole config for each role, a talosconfig, and the bundle when it was asked for. What people
/// changed in the configs becomes a patch for the role; the patch files are those of talos-bootstrap.
/// </summary>
internal static class TalosctlLayout
{
    private const string ControlPlane = "controlplane.yaml";
    private const string Worker = "worker.yaml";

    public static ImportedCluster Read(LayoutFiles directory)
    {
        var secrets = directory.Secrets("secrets.yaml", ControlPlane);
        var config = directory.Read(ControlPlane);
        var summary = LayoutFiles.In(ControlPlane, () => ConfigSummary.Of(ConfigPatch.Documents(config).ConvertAll(ConfigLeaf.Root)));
        if (summary.Endpoint == "" || summary.Name == "")
            throw new FormatException($"{ControlPlane} has no clusterName or no endpoint of the Kubernetes API.");
        return new("talosctl", summary.Name, summary.Endpoint, secrets)
        {
            TalosVersion = summary.TalosVersion,
            KubernetesVersion = summary.KubernetesVersion,
            Patches = Patches(directory, "patch.yaml"),
            ControlPlanePatches =
            [
                .. OwnWords(directory, ControlPlane, new(MachineType.ControlPlane, secrets, summary)),
                .. Patches(directory, "patch-controlplane.yaml"),
            ],
            WorkerPatches =
            [
                .. OwnWords(directory, Worker, new(MachineType.Worker, secrets, summary)),
                .. Patches(directory, "patch-worker.yaml"),
            ],
            Nodes = Nodes(directory),
            Left = [.. directory.Left],
        };
    }

    private static EquatableArray<string> Patches(LayoutFiles directory, string path) =>
        directory.Has(path) && directory.Patch(path, directory.Read(path)) is { } patch ? [patch] : [];

    // The files do not say which machines there are; the talosconfig names those that somebody put into it.
    private static EquatableArray<ImportedNode> Nodes(LayoutFiles directory)
    {
        if (!directory.Has("talosconfig"))
            return [];
        var root = directory.Document("talosconfig");
        var context = root.Text("context");
        var endpoints = root.List("contexts", context, "endpoints").Select(e => e.Text()).ToList();
        var nodes = root.List("contexts", context, "nodes").Select(n => n.Text());
        return [.. endpoints.Concat(nodes).Where(address => address is not ("127.0.0.1" or "")).Distinct().Select(address =>
            new ImportedNode(address, address, endpoints.Contains(address) ? MachineType.ControlPlane : MachineType.Worker, []))];
    }

    private static EquatableArray<string> OwnWords(LayoutFiles directory, string path, OwnForm own)
    {
        if (!directory.Has(path))
            return [];
        if (own.Generate() is not { } generated)
        {
            directory.Leave($"{path}: what was changed in it is not known, because its images have no versions.");
            return [];
        }
        var (patch, lost) = LayoutFiles.In(path, () => Subtraction.Of(directory.Read(path), generated));
        foreach (var place in lost)
            directory.Leave($"{path}: {place} is not taken over.");
        return directory.Patch(path, patch) is { } rest ? [rest] : [];
    }

    /// <summary>What we would have generated for the same cluster.</summary>
    private sealed record OwnForm(MachineType Type, SecretsBundle Secrets, ConfigSummary Summary)
    {
        public string? Generate()
        {
            if (!SemanticVersion.TryParse(Summary.TalosVersion, out var talos) || !talos.IsAtLeast(1, 6)
                || !SemanticVersion.TryParse(Summary.KubernetesVersion, out var kubernetes)
                || !Uri.TryCreate(Summary.Endpoint, UriKind.Absolute, out var endpoint))
                return null;
            var input = new MachineConfigInput(talos, kubernetes, Summary.Name, endpoint, "", "/dev/sda", "") { Contract = talos };
            return MachineConfigGenerator.Generate(input, Secrets, Type);
        }
    }
}
