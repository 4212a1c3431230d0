using System.CommandLine;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;
using ConfigPatch = Cozy.Fleet.Contracts.V1.ConfigPatch;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>`cluster import`: a cluster that was made with another tool, from the directory that the tool left or a talosconfig alone.</summary>
internal static class ClusterImport
{
    public static Command Create(Shell shell)
    {
        var source = new Argument<string>("SOURCE") { Description = "The directory that talosctl, talm, topf or talhelper left, or a talosconfig." };
        var context = new Option<string?>("--talos-context") { Description = "The context of the talosconfig; without it the current one." };
        var name = new Option<string?>("--name") { Description = "The cluster's name; without it the one in the files." };
        var rack = new Option<string>("--rack") { Description = "The rack whose agent reaches the nodes.", Required = true };
        var image = new Option<string>("--image") { Description = "The Image that the nodes run.", Required = true };
        var nodes = new Option<string[]>("--node") { Description = "ADDRESS or ADDRESS=worker, for each node that a directory does not name; beside a talosconfig these alone." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Look every node up and change nothing." };
        return new Command("import", "Takes over a cluster that runs already; it is only observed until you let it be managed.")
        {
            source, name, rack, image, nodes, context, dryRun,
        }.With(shell.Run(async (session, arguments, cancellation) =>
        {
            var (path, more) = (arguments.GetRequiredValue(source), arguments.GetValue(nodes) ?? []);
            var found = File.Exists(path) ? null : Read(path);
            var request = found is null
                ? Request(path, arguments.GetValue(context) ?? "", more) : Request(found, more);
            request.Cluster.Metadata.Name = arguments.GetValue(name) ?? request.Cluster.Metadata.Name;
            request.Rack = arguments.GetRequiredValue(rack);
            request.Cluster.Spec.Image = arguments.GetRequiredValue(image);
            request.ValidateOnly = arguments.GetValue(dryRun);
            var imported = (await new ClusterService.ClusterServiceClient(session.Calls)
                .ImportClusterAsync(request, cancellationToken: cancellation)).Cluster;
            await session.PrintAsync(found?.Left.Select(sentence => $"left: {sentence}") ?? []);
            await session.PrintAsync(imported.Status.Members.Select(member => $"{member.Hostname} is node {member.Node}"));
            var dry = request.ValidateOnly ? " (dry run)" : "";
            await session.PrintAsync($"cluster/{imported.Metadata.Name} imported from {found?.Tool ?? "a talosconfig"}, only observed{dry}");
            return ExitCode.Ok;
        }));
    }

    private static ImportedCluster Read(string directory)
    {
        try
        {
            var files = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" || Path.GetFileName(file) == "talosconfig")
                .Select(file => new LayoutFile(Path.GetRelativePath(directory, file), File.ReadAllText(file)));
            return LayoutImport.TryRead(files, out var found, out var refusal)
                ? found : throw new Failure(ExitCode.Usage, $"{directory} cannot be imported: {refusal}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{directory} cannot be read: {error.Message}");
        }
    }

    // Which of them are workers the nodes say themselves.
    private static ImportClusterRequest Request(string talosconfig, string name, string[] nodes)
    {
        var text = ReadFile(talosconfig);
        if (Talosconfig.TryRead(text, name, out var refusal) is not { } context)
            throw new Failure(ExitCode.Usage, $"{talosconfig} cannot be imported: {refusal}");
        var request = new ImportClusterRequest
        {
            Cluster = new() { Metadata = new() { Name = context.Name }, Spec = new() },
            Talosconfig = text, TalosContext = context.Name, RequestId = ResourceCalls.RequestId(),
        };
        var addresses = nodes.Length > 0 ? nodes : [.. context.Endpoints.Concat(context.Nodes).Distinct()];
        request.Members.Add(addresses.Select(address => address.Split('=', 2) is [var worker, "worker"]
            ? Member(worker, isWorker: true, []) : new ImportedMember { Address = address }));
        return request;
    }

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{path} cannot be read: {error.Message}");
        }
    }

    private static ImportClusterRequest Request(ImportedCluster found, string[] more)
    {
        var request = new ImportClusterRequest
        {
            Cluster = new()
            {
                Metadata = new() { Name = found.Name },
                Spec = new() { Endpoint = found.Endpoint, KubernetesVersion = found.KubernetesVersion },
            },
            Secrets = found.Secrets.ToYaml(),
            RequestId = ResourceCalls.RequestId(),
        };
        request.Members.Add(found.Nodes.Select(node => Member(node.Address, node.Type == MachineType.Worker, node.Patches)));
        request.Members.Add(more.Select(text => text.Split('=', 2)).Select(node => Member(node[0], node is [_, "worker"], [])));
        var patches = request.Cluster.Spec.Patches;
        patches.Add(Patches("imported", found.Patches, Role.Unspecified));
        patches.Add(Patches("imported-control-plane", found.ControlPlanePatches, Role.ControlPlane));
        patches.Add(Patches("imported-worker", found.WorkerPatches, Role.Worker));
        return request;
    }

    private static ImportedMember Member(string address, bool isWorker, IEnumerable<string> patches) =>
        new() { Address = address, Role = isWorker ? Role.Worker : Role.ControlPlane, Patches = { patches } };

    private static IEnumerable<ConfigPatch> Patches(string name, IEnumerable<string> patches, Role role) =>
        patches.Select((yaml, i) => new ConfigPatch { Name = i == 0 ? name : $"{name}-{i + 1}", Yaml = yaml, Role = role });
}
