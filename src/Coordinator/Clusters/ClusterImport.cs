using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Session;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.MachineConfig.Secrets;
using Cozy.Fleet.Primitives;
using Grpc.Core;
using ClusterMember = Cozy.Fleet.Domain.Clusters.ClusterMember;
using ConfigPatch = Cozy.Fleet.Domain.Clusters.ConfigPatch;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>What is brought along for a cluster that runs already.</summary>
/// <param name="Secrets">The bundle, as talosctl writes it.</param>
internal sealed record ImportRequest(
    ResourceMetadata Metadata, ClusterSpec Spec, string Rack, EquatableArray<ImportedMember> Members, string Secrets, string Caller);

/// <summary>Where a member answers, and as what.</summary>
/// <param name="Patches">For it alone.</param>
internal sealed record ImportedMember(string Address, Role Role, EquatableArray<string> Patches);

/// <summary>
/// Takes over a cluster that runs already: looks every member up first, with a reader's credential of its own bundle, and then writes down
/// what was found. Nothing is written to a node. A call that was cut off in between is completed by the same call again.
/// </summary>
internal sealed class ClusterImport(
    IGrainFactory grains, IRecordStore store, AgentQueries queries, ClusterSecrets secrets, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public async Task<Answer<ClusterRecord>> RunAsync(ImportRequest request, bool validateOnly, CancellationToken cancellation)
    {
        if (!BundleImport.TryFromFile(request.Secrets, out var bundle, out var unreadable))
            return new Refusal(RefusalKind.InvalidArgument, $"secrets: {unreadable}", "secrets");
        if (await store.ReadAsync<RackRecord>(RecordKind.Racks, request.Rack, cancellation) is not { } rack)
            return new Refusal(RefusalKind.FailedPrecondition, $"there is no rack {request.Rack}.", "rack");
        var image = await store.ReadAsync<ImageRecord>(RecordKind.Images, request.Spec.Image, cancellation);
        if (!(await FindAsync(request, bundle, rack, cancellation)).Accepted(out var found, out var missing))
            return missing;
        var cluster = Cluster(request, found.Members);
        if (ClusterSpecCheck.Problem(cluster.Spec, image, null) is { } problem)
            return problem;
        if (validateOnly)
            return cluster;
        foreach (var member in found.Members)
        {
            var place = new Allocation(request.Metadata.Name, member.Member.Role, member.Member.Hostname, cluster.Image);
            var adopted = await grains.GetGrain<INodeGrain>(member.Member.Node)
                .Adopt(request.Rack, member.Seen, place, $"{request.Caller}, import of cluster {request.Metadata.Name}");
            if (adopted.Refusal is { } refused)
                return refused;
        }
        var sealedSecrets = secrets.Keep(request.Metadata.Name, bundle);
        return await grains.GetGrain<IClusterGrain>(request.Metadata.Name)
            .Import(cluster with { SealedSecrets = sealedSecrets, Contract = image!.Spec.TalosVersion });
    }

    private async Task<Answer<Found>> FindAsync(ImportRequest request, SecretsBundle bundle, RackRecord rack, CancellationToken cancellation)
    {
        var looks = await Task.WhenAll(request.Members.Select(async member =>
            (Asked: member, Seen: await LookAsync(request.Rack, member.Address, bundle, cancellation))));
        var silent = looks.Where(look => look.Seen.Refusal is not null).Select(look => $"{look.Asked.Address}: {look.Seen.Refusal!.Message}").ToArray();
        if (silent.Length > 0)
            return Wrong($"not every member answers: {string.Join("; ", silent)}.");
        var members = looks.Select(look => (Node: NodeNames.Of(rack, look.Seen.Value!), look.Asked, Seen: look.Seen.Value!)).ToArray();
        if (members.GroupBy(m => m.Node).FirstOrDefault(g => g.Count() > 1) is { } twice)
            return Wrong($"{string.Join(" and ", twice.Select(m => m.Seen.Address))} are one machine, {twice.Key}.");
        return new Found([.. members.Select(m =>
            new FoundMember(new ClusterMember(m.Node, request.Rack, m.Seen.Facts?.Hostname ?? "", m.Asked.Role), m.Seen, m.Asked.Patches))]);
    }

    private async Task<Answer<NodeObservation>> LookAsync(string rack, string address, SecretsBundle bundle, CancellationToken cancellation)
    {
        try
        {
            var answer = await queries.AskWholeAsync(
                (rack, address), new QueryAsk.IdentifyNode(), secrets.Reader(bundle, Limit), Limit, cancellation);
            return ReportMapping.Identified(answer, time.GetUtcNow());
        }
        catch (RpcException refusal)
        {
            return new Refusal(RefusalKind.FailedPrecondition, refusal.Status.Detail.TrimEnd('.'));
        }
    }

    private static Refusal Wrong(string message) => new(RefusalKind.FailedPrecondition, message, "members");

    // It runs: its bootstrap is in the past, and the day is not known.
    private ClusterRecord Cluster(ImportRequest request, EquatableArray<FoundMember> members) => new(request.Metadata)
    {
        Spec = request.Spec with
        {
            ControlPlane = Named(members, Role.ControlPlane),
            Workers = Named(members, Role.Worker),
            Patches = [.. request.Spec.Patches, .. members.SelectMany(Own)],
        },
        Members = [.. members.Select(m => m.Member)],
        Endpoint = request.Spec.Endpoint,
        Image = request.Spec.Image,
        BootstrapNode = members.FirstOrDefault(m => m.Member.Role == Role.ControlPlane)?.Member.Node ?? "",
        BootstrapTime = time.GetUtcNow(),
        Phase = ClusterPhase.Degraded, // Until every member was seen by the cluster itself.
    };

    private static MemberSet Named(EquatableArray<FoundMember> members, Role role) =>
        new([.. members.Where(m => m.Member.Role == role).Select(m => m.Member.Node)], "", 0);

    private static IEnumerable<ConfigPatch> Own(FoundMember member) => member.Patches.Select((yaml, i) =>
        new ConfigPatch($"imported-{member.Member.Hostname}{(i == 0 ? "" : $"-{i + 1}")}", Role.Unspecified, yaml) { Nodes = [member.Member.Node] });

    private sealed record Found(EquatableArray<FoundMember> Members);

    private sealed record FoundMember(ClusterMember Member, NodeObservation Seen, EquatableArray<string> Patches);
}
