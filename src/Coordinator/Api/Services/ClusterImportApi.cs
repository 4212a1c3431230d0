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
internal sealed class ClusterImportApi(ResourceReader<V1.Cluster> reader, ClusterImport import)
{
    public async Task<V1.Cluster> ImportAsync(V1.ImportClusterRequest request, Mutation mutation)
    {
        var asked = request.Cluster?.Clone() ?? new();
        asked.Spec ??= new();
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
        problems.AddIf(request.Secrets == "", "secrets", "must be set: the file that talosctl gen secrets wrote");
        problems.AddIf(request.Members.All(m => m.Role != V1.Role.ControlPlane), "members", "has no control plane");
        for (var i = 0; i < request.Members.Count; i++)
        {
            var member = request.Members[i];
            problems.AddIf(!IPAddress.TryParse(member.Address, out _), $"members[{i}].address", $"'{member.Address}' is not an IP address");
            problems.AddIf(member.Role is not (V1.Role.ControlPlane or V1.Role.Worker), $"members[{i}].role", "must be a role");
        }
        problems.ThrowIfAny();
    }
}
