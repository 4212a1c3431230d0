using System.Security.Cryptography;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>The clusters of the fleet double.</summary>
internal sealed class ClusterDouble(FleetDouble fleet) : ClusterService.ClusterServiceBase
{
    public override Task<GetClusterResponse> GetCluster(GetClusterRequest request, ServerCallContext context) =>
        Task.FromResult(new GetClusterResponse { Cluster = fleet.Clusters.Get(request.Name) });

    public override Task<ListClustersResponse> ListClusters(ListClustersRequest request, ServerCallContext context)
    {
        var (page, next) = fleet.Clusters.List(request.Filter, request.PageToken);
        return Task.FromResult(new ListClustersResponse { Clusters = { page }, NextPageToken = next });
    }

    public override Task WatchClusters(
        WatchClustersRequest request, IServerStreamWriter<WatchClustersResponse> responseStream, ServerCallContext context) =>
        fleet.Clusters.WatchAsync(
            request.Filter,
            request.ResumeToken,
            (type, cluster, token) => responseStream.WriteAsync(new() { Type = type, Cluster = cluster, ResumeToken = token }),
            context.CancellationToken);

    public override Task<UpdateClusterResponse> UpdateCluster(UpdateClusterRequest request, ServerCallContext context) =>
        Task.FromResult(new UpdateClusterResponse
        {
            Cluster = fleet.Clusters.Write(request.Cluster, request.RequestId, request.ValidateOnly, request.AllowMissing),
        });

    public override Task<DeleteClusterResponse> DeleteCluster(DeleteClusterRequest request, ServerCallContext context)
    {
        fleet.Clusters.Delete(request.Name);
        return Task.FromResult(new DeleteClusterResponse());
    }

    public override Task<GetKubeconfigResponse> GetKubeconfig(GetKubeconfigRequest request, ServerCallContext context) =>
        Task.FromResult(new GetKubeconfigResponse
        {
            Kubeconfig = $"apiVersion: v1\nkind: Config\nclusters: [{fleet.Clusters.Get(request.Name).Metadata.Name}]\n# {request.TtlSeconds}\n",
        });

    public override Task<GetTalosconfigResponse> GetTalosconfig(GetTalosconfigRequest request, ServerCallContext context) =>
        Task.FromResult(new GetTalosconfigResponse { Talosconfig = $"context: {request.Name}\n# {request.Role}\n" });

    public override Task<ImportClusterResponse> ImportCluster(ImportClusterRequest request, ServerCallContext context)
    {
        fleet.Import = request;
        var cluster = request.Cluster.Clone();
        cluster.Status = new();
        cluster.Status.Members.Add(request.Members.Select((member, i) =>
            new ClusterMember { Node = $"node-{i + 1}", Hostname = member.Address }));
        return Task.FromResult(new ImportClusterResponse { Cluster = cluster });
    }

    public override async Task SnapshotEtcd(
        SnapshotEtcdRequest request, IServerStreamWriter<SnapshotEtcdResponse> responseStream, ServerCallContext context)
    {
        byte[] snapshot = [.. fleet.Snapshot, .. SHA256.HashData(fleet.Snapshot)];
        foreach (var piece in snapshot.SkipLast(fleet.SnapshotCut).Chunk(7))
            await responseStream.WriteAsync(new() { Data = ByteString.CopyFrom(piece) });
    }
}
