using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>What is wrong with a patch for all clusters: for whatever release, and for those of the members that it reaches now.</summary>
internal sealed class FleetPatchCheck(IRecordStore store)
{
    private const string Field = "spec.yaml";

    public async Task<Refusal?> ProblemAsync(FleetPatchRecord patch, CancellationToken cancellation)
    {
        var yaml = patch.Spec.Yaml;
        // A later cluster may have configs of several documents.
        if (MachineConfig.ConfigPatch.Problem(yaml) is { } problem)
            return Invalid(problem);
        // What is misspelt is unknown to every release; the newest one knows the most.
        if (MachineConfig.ConfigPatch.UnknownTo(VersionRules.Newest, yaml) is [var unknown, ..])
            return Invalid(unknown.ToString());
        foreach (var cluster in await store.ReadAllAsync<ClusterRecord>(RecordKind.Clusters, cancellation))
        {
            if (await ReleaseAsync(cluster, patch, cancellation) is { } talos
                && MachineConfig.ConfigPatch.UnknownTo(talos, yaml) is [var first, ..])
                return Invalid($"{first} Cluster {cluster.Metadata.Name} runs Talos {talos}; a filter or role can leave its members out.");
        }
        return null;
    }

    // Null when none of the cluster's members gets it.
    private async Task<SemanticVersion?> ReleaseAsync(ClusterRecord cluster, FleetPatchRecord patch, CancellationToken cancellation)
    {
        var roles = cluster.Members.ToDictionary(member => member.Node, member => member.Role);
        var members = await store.MembersAsync(cluster, cancellation);
        return members.Any(node => ConfigLayers.Fits(patch.Patch, roles[node.Metadata.Name], node))
            && await store.ReadAsync<ImageRecord>(RecordKind.Images, cluster.Image, cancellation) is { } image
            ? SemanticVersion.Parse(image.Spec.TalosVersion) : null;
    }

    private static Refusal Invalid(string problem) => new(RefusalKind.InvalidArgument, problem, Field);
}
