using Cozy.Fleet.Coordinator.Api.Writing;
using Cozy.Fleet.Coordinator.Storage;
using Grpc.Core;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Tests.Api;

public sealed class WriteTests(RunningApi api) : IClassFixture<RunningApi>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_request_gets_the_first_result()
    {
        var request = new V1.CreateImageRequest { Image = RunningApi.Image("once"), RequestId = Guid.NewGuid().ToString() };

        var first = await api.Images.CreateImageAsync(request, cancellationToken: Token);
        var second = await api.Images.CreateImageAsync(request, cancellationToken: Token);

        Assert.Equal(first, second);
    }

    [Fact]
    public async Task A_creation_whose_result_was_lost_in_a_crash_is_recognised()
    {
        var request = new V1.CreateImageRequest { Image = RunningApi.Image("survivor"), RequestId = Guid.NewGuid().ToString() };
        var first = await api.Images.CreateImageAsync(request, cancellationToken: Token);
        var store = api.Service<IRecordStore>();
        var kept = await store.ReadAsync("requests", new RequestKey("CreateImage", "ann", request.RequestId).Digest, Token);
        Assert.True(await store.DeleteAsync("requests", kept!.Name, kept.Etag, Token));

        Assert.Equal(first, await api.Images.CreateImageAsync(request, cancellationToken: Token));
    }

    [Fact]
    public async Task Requests_with_one_id_that_arrive_together_are_carried_out_once()
    {
        var request = new V1.CreateImageRequest { Image = RunningApi.Image("together"), RequestId = Guid.NewGuid().ToString() };

        var all = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => api.Images.CreateImageAsync(request, cancellationToken: Token).ResponseAsync));

        Assert.Single(all.Distinct());
    }

    [Fact]
    public async Task One_request_id_for_two_requests_is_refused()
    {
        var id = Guid.NewGuid().ToString();
        await api.Images.CreateImageAsync(new() { Image = RunningApi.Image("first"), RequestId = id }, cancellationToken: Token);

        var (code, fields) = await RunningApi.RefusalAsync(
            () => api.Images.CreateImageAsync(new() { Image = RunningApi.Image("second"), RequestId = id }).ResponseAsync);

        Assert.Equal((StatusCode.InvalidArgument, "request_id"), (code, Assert.Single(fields)));
    }

    [Fact]
    public async Task A_request_id_must_be_a_uuid()
    {
        var (_, fields) = await RunningApi.RefusalAsync(
            () => api.Racks.DeleteRackAsync(new() { Name = "any", RequestId = "mine" }).ResponseAsync);

        Assert.Equal(["request_id"], fields);
    }

    [Fact]
    public async Task An_update_over_an_old_etag_is_aborted()
    {
        var created = await api.ImageAsync("raced");
        var update = new V1.UpdateImageRequest { Image = created.Clone() };
        update.Image.Spec.KernelArgs.Add("console=ttyS0");
        await api.Images.UpdateImageAsync(update, cancellationToken: Token);

        var (code, _) = await RunningApi.RefusalAsync(() => api.Images.UpdateImageAsync(update).ResponseAsync);

        Assert.Equal(StatusCode.Aborted, code);
    }

    [Fact]
    public async Task An_update_counts_generations_of_the_spec_only()
    {
        await api.ImageAsync("counted");
        var labelled = await UpdateAsync("counted", "metadata.labels", i => i.Metadata.Labels["a"] = "b");
        var changed = await UpdateAsync("counted", "spec.kernel_args", i => i.Spec.KernelArgs.Add("quiet"));

        Assert.Equal((1, 2), (labelled.Metadata.Generation, changed.Metadata.Generation));
        Assert.Equal(("b", "v1.13.1"), (changed.Metadata.Labels["a"], changed.Spec.TalosVersion));
    }

    [Fact]
    public async Task Validate_only_changes_nothing()
    {
        await api.Images.CreateImageAsync(new() { Image = RunningApi.Image("ghost"), ValidateOnly = true }, cancellationToken: Token);

        var (code, _) = await RunningApi.RefusalAsync(() => api.Images.GetImageAsync(new() { Name = "ghost" }).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, code);
    }

    [Fact]
    public async Task An_update_creates_what_is_missing_when_it_may()
    {
        var update = new V1.UpdateRackRequest
        {
            Rack = new() { Metadata = new() { Name = "applied" }, Spec = new() { DiscoveryImage = "d" } }, AllowMissing = true,
        };

        var created = await api.Racks.UpdateRackAsync(update, cancellationToken: Token);
        update.Rack.Metadata.Name = "not-applied";
        update.AllowMissing = false;
        var (code, _) = await RunningApi.RefusalAsync(() => api.Racks.UpdateRackAsync(update).ResponseAsync);

        Assert.Equal(("d", StatusCode.NotFound), (created.Rack.Spec.DiscoveryImage, code));
        Assert.NotEqual("", created.Rack.Metadata.Etag);
        Assert.False(created.Rack.Status.Agent.Connected);
    }

    [Fact]
    public async Task An_image_in_use_is_not_deleted()
    {
        await api.ImageAsync("used");
        await api.Racks.CreateRackAsync(
            new() { Rack = new() { Metadata = new() { Name = "user" }, Spec = new() { DiscoveryImage = "used" } } }, cancellationToken: Token);

        var (refused, _) = await RunningApi.RefusalAsync(() => api.Images.DeleteImageAsync(new() { Name = "used" }).ResponseAsync);
        await api.Racks.DeleteRackAsync(new() { Name = "user" }, cancellationToken: Token);
        await api.Images.DeleteImageAsync(new() { Name = "used" }, cancellationToken: Token);
        var (gone, _) = await RunningApi.RefusalAsync(() => api.Images.DeleteImageAsync(new() { Name = "used" }).ResponseAsync);

        Assert.Equal((StatusCode.FailedPrecondition, StatusCode.NotFound), (refused, gone));
    }

    [Theory]
    [InlineData("ttl", -1, "", "ttl_seconds")]
    [InlineData("ttl", 31_536_001, "", "ttl_seconds")]
    [InlineData("role", 0, "os:god", "role")]
    public async Task Credentials_are_issued_within_bounds(string name, long ttl, string role, string field)
    {
        var (_, fields) = await RunningApi.RefusalAsync(() => api.Clusters.GetTalosconfigAsync(
            new() { Name = name, TtlSeconds = ttl, Role = role }).ResponseAsync);

        Assert.Equal([field], fields);
    }

    private async Task<V1.Image> UpdateAsync(string name, string path, Action<V1.Image> change)
    {
        var image = new V1.Image { Metadata = new() { Name = name }, Spec = new() };
        change(image);
        var request = new V1.UpdateImageRequest { Image = image, UpdateMask = new() { Paths = { path } } };
        return (await api.Images.UpdateImageAsync(request, cancellationToken: Token)).Image;
    }
}
