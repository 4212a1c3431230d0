using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class ClusterApiTests(RunningApi api) : IClassFixture<RunningApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_is_created_from_its_spec_and_keeps_its_image_from_being_deleted()
    {
        await api.ImageAsync("c-image");

        var created = await api.Clusters.CreateClusterAsync(new() { Cluster = Cluster("c1", "c-image") }, cancellationToken: Token);
        var (code, _) = await RunningApi.RefusalAsync(() => api.Images.DeleteImageAsync(new() { Name = "c-image" }).ResponseAsync);

        Assert.Equal((1, "c-image"), (created.Cluster.Spec.ControlPlane.Count, created.Cluster.Status.Image));
        Assert.Equal(StatusCode.FailedPrecondition, code);
    }

    [Fact]
    public async Task What_the_cluster_refuses_names_its_field()
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => api.Clusters.CreateClusterAsync(
            new() { Cluster = Cluster("c2", "no-such-image") }, cancellationToken: Token).ResponseAsync);

        var info = refused.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>();
        Assert.Equal((StatusCode.FailedPrecondition, "spec.image"), (refused.StatusCode, info.Metadata["field"]));
    }

    [Fact]
    public async Task A_patch_with_a_key_that_the_release_does_not_know_is_refused_with_its_line()
    {
        await api.ImageAsync("p-image");
        var cluster = Cluster("c5", "p-image");
        cluster.Spec.Patches.Add(new V1.ConfigPatch { Name = "tuning", Yaml = "machine:\n  sysctl:\n    a: b\n" });

        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            api.Clusters.CreateClusterAsync(new() { Cluster = cluster, ValidateOnly = true }, cancellationToken: Token).ResponseAsync);

        Assert.Contains("patch tuning, line 2: machine.sysctl is no key that Talos v1.13.1 knows", refused.Status.Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_gets_a_key_to_a_cluster_that_is_not_bootstrapped()
    {
        await api.ImageAsync("t-image");
        await api.Clusters.CreateClusterAsync(new() { Cluster = Cluster("c3", "t-image") }, cancellationToken: Token);

        var (talos, _) = await RunningApi.RefusalAsync(() => api.Clusters.GetTalosconfigAsync(new() { Name = "c3" }).ResponseAsync);
        var (kubernetes, _) = await RunningApi.RefusalAsync(() => api.Clusters.GetKubeconfigAsync(new() { Name = "c3" }).ResponseAsync);
        var (missing, _) = await RunningApi.RefusalAsync(() => api.Clusters.GetKubeconfigAsync(new() { Name = "c4" }).ResponseAsync);

        Assert.Equal(
            (StatusCode.FailedPrecondition, StatusCode.FailedPrecondition, StatusCode.NotFound), (talos, kubernetes, missing));
    }

    [Fact]
    public async Task A_rollout_of_a_cluster_that_does_not_exist_is_refused()
    {
        await api.ImageAsync("r-image");
        var rollout = new V1.Rollout { Spec = new() { Cluster = "none", TalosUpgrade = new() { Image = "r-image" } } };

        var (code, _) = await RunningApi.RefusalAsync(() => api.Rollouts.CreateRolloutAsync(new() { Rollout = rollout }).ResponseAsync);
        var (paused, _) = await RunningApi.RefusalAsync(() => api.Rollouts.PauseRolloutAsync(new() { Name = "none" }).ResponseAsync);

        Assert.Contains(code, new[] { StatusCode.NotFound, StatusCode.FailedPrecondition });
        Assert.Equal(StatusCode.NotFound, paused);
    }

    private static V1.Cluster Cluster(string name, string image) => new()
    {
        Metadata = new() { Name = name },
        Spec = new() { Image = image, KubernetesVersion = "v1.36.3", ControlPlane = new() { Count = 1 } },
    };
}
