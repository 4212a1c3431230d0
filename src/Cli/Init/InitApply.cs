using Cozy.Fleet.Cli.Commands;
using Cozy.Fleet.Cli.Files;
using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Init;

/// <summary>Writes a plan down, and makes the fleet do what is written.</summary>
internal sealed class InitApply(Session session, InitPlan plan, InitRequest request)
{
    private const string Kubeconfig = "kubeconfig";
    private const string Talosconfig = "talosconfig";

    public string DocumentsPath => PathOf("cluster.yaml");

    /// <param name="overwrite">Asked for each file that is there already and is another one.</param>
    public async Task WriteAsync(Func<string, Task<bool>> overwrite)
    {
        var text = InitDocuments.Text(plan);
        try
        {
            Directory.CreateDirectory(request.Directory);
            var others = request.WriteOnly ? [] : new[] { PathOf(Kubeconfig), PathOf(Talosconfig) }.Where(File.Exists);
            if (File.Exists(DocumentsPath) && await File.ReadAllTextAsync(DocumentsPath, CancellationToken.None) != text)
                others = others.Prepend(DocumentsPath);
            foreach (var path in others)
            {
                if (!await overwrite(path))
                {
                    throw new Failure(ExitCode.Refused,
                        $"{path} is there already: move it away, choose another --directory, or add --yes.");
                }
            }
            await File.WriteAllTextAsync(DocumentsPath, text, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ExitCode.Usage, $"{DocumentsPath} cannot be written: {error.Message}");
        }
        await session.PrintAsync($"wrote {DocumentsPath}");
    }

    /// <summary>The coordinator's word on the documents, before anything changes.</summary>
    public Task CheckAsync(CancellationToken cancellation) => ApplyAsync(Documents(), dryRun: true, cancellation);

    /// <summary>Applies the documents, accepts the machines, waits until the cluster runs, and fetches its credentials.</summary>
    public async Task DoAsync(CancellationToken cancellation)
    {
        var documents = Documents();
        await ApplyAsync(documents.Where(document => document.Kind == KindTable.Node), dryRun: false, cancellation);
        await AcceptAsync(cancellation);
        await ApplyAsync(documents.Where(document => document.Kind != KindTable.Node), dryRun: false, cancellation);
        await ClusterWait.UntilRunningAsync(session, plan.Name, request.Limit, cancellation);
        await GiveCredentialsAsync(cancellation);
    }

    private IReadOnlyList<Document> Documents() => DocumentFiles.Read([DocumentsPath], session.Terminal.Input);

    private async Task ApplyAsync(IEnumerable<Document> documents, bool dryRun, CancellationToken cancellation)
    {
        var (refusals, count) = (new DocumentRefusals(), 0);
        foreach (var document in documents)
        {
            count++;
            var outcome = await refusals.CollectAsync(document, () => ApplyCommand.WriteAsync(session, document, dryRun, cancellation));
            if (outcome is not null && !dryRun)
                await session.PrintAsync($"{document.Kind.Reference(document.Resource)} {outcome}");
        }
        refusals.ThrowIfAny(count);
    }

    private async Task AcceptAsync(CancellationToken cancellation)
    {
        var client = new NodeService.NodeServiceClient(session.Calls);
        foreach (var node in plan.Machines.Select(machine => machine.Node))
        {
            if (node.Spec?.Acceptance?.State == AcceptanceState.Accepted)
                continue;
            await client.AcceptNodeAsync(
                new() { Name = node.Metadata.Name, RequestId = ResourceCalls.RequestId() }, cancellationToken: cancellation);
            await session.PrintAsync($"{KindTable.Node.Reference(node)} accepted");
        }
    }

    private async Task GiveCredentialsAsync(CancellationToken cancellation)
    {
        var client = new ClusterService.ClusterServiceClient(session.Calls);
        var kubeconfig = await client.GetKubeconfigAsync(new() { Name = plan.Name }, cancellationToken: cancellation);
        var talosconfig = await client.GetTalosconfigAsync(new() { Name = plan.Name, Role = "os:reader" }, cancellationToken: cancellation);
        await GiveAsync(PathOf(Kubeconfig), kubeconfig.Kubeconfig);
        await GiveAsync(PathOf(Talosconfig), talosconfig.Talosconfig);
        await session.PrintAsync(
            $"`cozyfleet cluster kubeconfig {plan.Name}` and `cozyfleet cluster talosconfig {plan.Name}` make new ones.");
    }

    private async Task GiveAsync(string path, string secret)
    {
        await SecretFile.WriteAsync(path, secret);
        await session.PrintAsync($"wrote {path}, readable by you alone, valid for 12 hours");
    }

    private string PathOf(string file) => Path.Combine(request.Directory, file);
}
