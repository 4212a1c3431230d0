using System.Net;
using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Validation;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

/// <summary>The import of a cluster that runs already.</summary>
internal sealed class ClusterImportApi(ResourceReader<V1.Cluster> reader, ClusterImport import, TalosconfigImport talosconfigs)
{
    public async Task<V1.Cluster> ImportAsync(V1.ImportClusterRequest asking, Mutation mutation)
    {
        var request = asking.Clone();
        request.Cluster ??= new();
        request.Cluster.Spec ??= new();
        if (request.Talosconfig != "")
            await CompleteAsync(request, mutation.Cancellation);
        var asked = request.Cluster;
        // Whoever wants it managed at once says so.
        if (asked.Spec.Management == V1.Management.Unspecified)
            asked.Spec.Management = V1.Management.Observed;
        Check(request, asked);
        var imported = await import.RunAsync(
            new(asked.Metadata.ToRecord(mutation.Uid, mutation.Now), asked.Spec.ToRecord(), request.Rack,
                [.. request.Members.Select(ToRecord)], request.Secrets, mutation.Caller),
            request.ValidateOnly, mutation.Cancellation);
        var cluster = imported.Unwrap();
        return request.ValidateOnly
            ? cluster.ToProto("", new Dictionary<string, NodeRecord>())
            : await reader.GetAsync(asked.Metadata.Name, mutation.Cancellation);
    }

    // What somebody says is kept; what the nodes say fills the gaps.
    private async Task CompleteAsync(V1.ImportClusterRequest request, CancellationToken cancellation)
    {
        var problems = new Problems();
        problems.AddIf(request.Secrets != "", "secrets", "cannot be set beside talosconfig");
        problems.AddIf(request.Members.Count == 0, "members", "has no control plane");
        CheckAddresses(request, problems);
        problems.ThrowIfAny();
        var addresses = request.Members.Select(member => member.Address).ToArray();
        var found = (await talosconfigs.ReadAsync(request.Rack, request.Talosconfig, request.TalosContext, addresses, cancellation)).Unwrap();
        request.Secrets = found.Secrets;
        var spec = request.Cluster.Spec;
        spec.Endpoint = spec.Endpoint != "" ? spec.Endpoint : found.Endpoint;
        spec.KubernetesVersion = spec.KubernetesVersion != "" ? spec.KubernetesVersion : found.KubernetesVersion;
        foreach (var (i, member) in request.Members.Index())
        {
            var role = EnumMap<Role, V1.Role>.Of(found.Roles[i]);
            problems.AddIf(member.Role != V1.Role.Unspecified && member.Role != role, $"members[{i}].role",
                $"is not that of {member.Address}, whose config says {role}");
            member.Role = role;
        }
        problems.ThrowIfAny();
    }

    private static ImportedMember ToRecord(V1.ImportedMember member) =>
        new(member.Address, EnumMap<V1.Role, Role>.Of(member.Role), [.. member.Patches]);

    private static void Check(V1.ImportClusterRequest request, V1.Cluster asked)
    {
        var problems = new Problems();
        NameRules.Check(asked.Metadata, problems);
        SpecRules.Check(asked.Spec, problems);
        problems.AddIf(asked.Spec.Endpoint == "", "cluster.spec.endpoint", "must be set: it is in every config of the cluster");
        problems.AddIf(asked.Spec.ControlPlane is not null || asked.Spec.Workers is not null,
            "cluster.spec.control_plane", "must be empty, and workers too: the members say which machines they are");
        problems.AddIf(request.Secrets == "", "secrets", "must be set, or talosconfig: the file that talosctl gen secrets wrote");
        problems.AddIf(request.Members.All(m => m.Role != V1.Role.ControlPlane), "members", "has no control plane");
        CheckAddresses(request, problems);
        foreach (var (i, member) in request.Members.Index())
            problems.AddIf(member.Role is not (V1.Role.ControlPlane or V1.Role.Worker), $"members[{i}].role", "must be a role");
        problems.ThrowIfAny();
    }

    private static void CheckAddresses(V1.ImportClusterRequest request, Problems problems)
    {
        foreach (var (i, member) in request.Members.Index())
            problems.AddIf(!IPAddress.TryParse(member.Address, out _), $"members[{i}].address", $"'{member.Address}' is not an IP address");
    }
}
