using Cozy.Fleet.Coordinator.Api.Errors;
using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Domain.Agents;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Services;

internal sealed class ClusterApi(
    ResourceReader<V1.Cluster> reader, ResourceWatch<V1.Cluster> watch, ResourceWriter<V1.Cluster> writer, Mutations mutations,
    ClientConfigs clients, ClusterConfigApi configs, ClusterImportApi imports, EtcdSnapshotApi snapshots, OperationApi operations)
    : V1.ClusterService.ClusterServiceBase
{
    public override async Task<V1.GetClusterResponse> GetCluster(V1.GetClusterRequest request, ServerCallContext context) =>
        new() { Cluster = await reader.GetAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.ListClustersResponse> ListClusters(V1.ListClustersRequest request, ServerCallContext context)
    {
        var page = await reader.ListAsync(request.PageSize, request.PageToken, request.Filter, context.CancellationToken);
        return new() { Clusters = { page.Items }, NextPageToken = page.NextToken };
    }

    public override async Task WatchClusters(
        V1.WatchClustersRequest request, IServerStreamWriter<V1.WatchClustersResponse> responseStream, ServerCallContext context)
    {
        await foreach (var change in watch.WatchAsync(request.Filter, request.ResumeToken, context.CancellationToken))
        {
            await responseStream.WriteAsync(
                new() { Type = change.Type, Cluster = change.Item, ResumeToken = change.ResumeToken }, context.CancellationToken);
        }
    }

    public override async Task<V1.CreateClusterResponse> CreateCluster(V1.CreateClusterRequest request, ServerCallContext context)
    {
        var ask = new Ask($"clusters/{request.Cluster?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.CreateClusterResponse>(context, request, ask, async mutation =>
            new() { Cluster = await writer.CreateAsync(request.Cluster, request.ValidateOnly, mutation) });
    }

    public override async Task<V1.ImportClusterResponse> ImportCluster(V1.ImportClusterRequest request, ServerCallContext context)
    {
        var name = request.Cluster?.Metadata?.Name ?? "";
        var ask = new Ask($"clusters/{name}", request.RequestId, request.ValidateOnly);
        return await mutations.RunAsync<V1.ImportClusterResponse>(context, request, ask, async mutation =>
            new() { Cluster = await imports.ImportAsync(request, mutation) });
    }

    public override async Task<V1.UpdateClusterResponse> UpdateCluster(V1.UpdateClusterRequest request, ServerCallContext context)
    {
        var ask = new Ask($"clusters/{request.Cluster?.Metadata?.Name}", request.RequestId, request.ValidateOnly);
        var how = (request.ValidateOnly, request.AllowMissing);
        return await mutations.RunAsync<V1.UpdateClusterResponse>(context, request, ask, async mutation =>
            new() { Cluster = await writer.UpdateAsync(request.Cluster, request.UpdateMask, how, mutation) });
    }

    public override async Task<V1.DeleteClusterResponse> DeleteCluster(V1.DeleteClusterRequest request, ServerCallContext context)
    {
        var ask = new Ask($"clusters/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.DeleteClusterResponse>(context, request, ask, async mutation =>
        {
            await writer.DeleteAsync(request.Name, request.Etag, mutation);
            return new();
        });
    }

    public override async Task<V1.GetKubeconfigResponse> GetKubeconfig(V1.GetKubeconfigRequest request, ServerCallContext context)
    {
        var ttl = Lifetime(request.TtlSeconds);
        var config = (await clients.KubeconfigAsync(request.Name, ttl, context.CancellationToken)).Unwrap();
        // Whoever gets a key to a cluster stands in the log like whoever changes it.
        mutations.LogIssued(context, $"clusters/{request.Name}");
        return new() { Kubeconfig = config.Yaml };
    }

    public override async Task<V1.GetTalosconfigResponse> GetTalosconfig(V1.GetTalosconfigRequest request, ServerCallContext context)
    {
        var ttl = Lifetime(request.TtlSeconds);
        var role = request.Role == "" ? "os:reader" : request.Role;
        if (role is not ("os:reader" or "os:operator" or "os:admin"))
            throw Problems.Of("role", $"'{role}' is not os:reader, os:operator or os:admin");
        var config = (await clients.TalosconfigAsync(request.Name, ttl, role, context.CancellationToken)).Unwrap();
        mutations.LogIssued(context, $"clusters/{request.Name}");
        return new() { Talosconfig = config.Yaml };
    }

    public override Task<V1.GetMachineConfigResponse> GetMachineConfig(V1.GetMachineConfigRequest request, ServerCallContext context) =>
        configs.GetAsync(request, context);

    public override Task SnapshotEtcd(
        V1.SnapshotEtcdRequest request, IServerStreamWriter<V1.SnapshotEtcdResponse> responseStream, ServerCallContext context) =>
        snapshots.ReadAsync(request.Name, responseStream, context);

    public override async Task<V1.DefragmentEtcdResponse> DefragmentEtcd(V1.DefragmentEtcdRequest request, ServerCallContext context)
    {
        var ask = new Ask($"nodes/{request.Node}", request.RequestId);
        return await mutations.RunAsync<V1.DefragmentEtcdResponse>(context, request, ask, async mutation =>
            new() { Operation = await operations.BeginAsync(request.Node, new OrderAction.DefragmentEtcd(), "", mutation) });
    }

    public override async Task<V1.RemoveEtcdMemberResponse> RemoveEtcdMember(V1.RemoveEtcdMemberRequest request, ServerCallContext context)
    {
        var ask = new Ask($"clusters/{request.Name}", request.RequestId);
        return await mutations.RunAsync<V1.RemoveEtcdMemberResponse>(context, request, ask, async mutation =>
            new() { Operation = await operations.RemoveMemberAsync(request, mutation) });
    }

    private static TimeSpan Lifetime(long seconds) => seconds switch
    {
        0 => TimeSpan.FromHours(12),
        < 0 => throw Problems.Of("ttl_seconds", "must not be negative"),
        > 365L * 24 * 3600 => throw Problems.Of("ttl_seconds", "must be at most one year"),
        _ => TimeSpan.FromSeconds(seconds),
    };
}
