using Cozy.Fleet.Contracts.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>Patches for all clusters: written as every resource is, and a layer of every member's config.</summary>
public sealed class FleetPatchApiTests : IAsyncLifetime
{
    private const string Sysctl = "machine: {sysctls: {vm.swappiness: \"1\", kernel.panic: \"9\"}}";

    private PlayedCluster played = null!;

    private FleetPatchService.FleetPatchServiceClient Patches => played.FleetPatches;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => played = await PlayedCluster.StartAsync();

    public ValueTask DisposeAsync() => played.DisposeAsync();

    [Fact]
    public async Task It_is_created_listed_changed_and_deleted_as_every_resource()
    {
        var created = await CreatedAsync(Patch("b", Sysctl));
        await Patches.UpdateFleetPatchAsync(new() { FleetPatch = Patch("a", Sysctl), AllowMissing = true }, cancellationToken: Token);
        created.Spec.Filter = "status.rack = \"r1\"";
        var updated = (await Patches.UpdateFleetPatchAsync(new() { FleetPatch = created }, cancellationToken: Token)).FleetPatch;
        var stale = await RunningApi.RefusalAsync(
            () => Patches.UpdateFleetPatchAsync(new() { FleetPatch = created }, cancellationToken: Token).ResponseAsync);
        var listed = await Patches.ListFleetPatchesAsync(new(), cancellationToken: Token);
        await Patches.DeleteFleetPatchAsync(new() { Name = "a" }, cancellationToken: Token);
        var missing = await RunningApi.RefusalAsync(
            () => Patches.GetFleetPatchAsync(new() { Name = "a" }, cancellationToken: Token).ResponseAsync);

        Assert.Equal((2, created.Spec), (updated.Metadata.Generation, updated.Spec));
        Assert.Equal(StatusCode.Aborted, stale.Code);
        Assert.Equal(["a", "b"], listed.FleetPatches.Select(p => p.Metadata.Name));
        Assert.Equal(StatusCode.NotFound, missing.Code);
        using var watch = Patches.WatchFleetPatches(new(), cancellationToken: Token);
        Assert.Equal("b", (await RunningApi.NextAsync(watch.ResponseStream)).FleetPatch.Metadata.Name);
    }

    [Theory]
    [InlineData("machine: {sysctl: {}}", "line 1: machine.sysctl is no key that Talos v1.15.0 knows")]
    [InlineData("machine: {sysctl: {}}", "sysctls")]
    [InlineData("a: 1\n\nmachine: {type: worker}", "line 3")]
    [InlineData("[{op: add, path: /machine/env, value: {}}]", "a JSON patch is for a config of one document")]
    [InlineData("apiVersion: v1alpha1\nkind: SysctlConfig\n", "Cluster prod runs Talos v1.13.1; a filter or role can leave its members out.")]
    [InlineData("", "must be set")]
    public async Task One_that_a_node_would_refuse_is_not_stored(string yaml, string sentence)
    {
        var refusal = await Assert.ThrowsAsync<RpcException>(() =>
            Patches.CreateFleetPatchAsync(new() { FleetPatch = Patch("p", yaml) }, cancellationToken: Token).ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        var violation = Assert.Single(refusal.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations);
        Assert.Equal("spec.yaml", violation.Field);
        Assert.Contains(sentence, violation.Description, StringComparison.Ordinal);
        Assert.Empty((await Patches.ListFleetPatchesAsync(new(), cancellationToken: Token)).FleetPatches);
    }

    [Fact]
    public async Task What_no_member_of_an_older_cluster_gets_may_be_of_a_newer_release()
    {
        var newer = Patch("p", "apiVersion: v1alpha1\nkind: SysctlConfig\n");
        newer.Spec.Filter = "metadata.labels.talos = \"1.14\"";

        Assert.Equal(newer.Spec, (await CreatedAsync(newer)).Spec);
    }

    [Fact]
    public async Task Its_values_are_a_layer_below_the_clusters_and_changing_it_is_pending_on_the_members()
    {
        var worker = Patch("a-worker", "machine: {sysctls: {kernel.panic: \"7\"}}");
        worker.Spec.Role = Role.Worker;
        await CreatedAsync(worker);
        await CreatedAsync(Patch("b", Sysctl));
        var cluster = (await played.Clusters.GetClusterAsync(new() { Name = "prod" }, cancellationToken: Token)).Cluster;
        cluster.Spec.Patches.Add(new ConfigPatch { Name = "own", Yaml = "machine: {sysctls: {vm.swappiness: \"5\"}}" });
        cluster.Metadata.Etag = "";
        await played.Clusters.UpdateClusterAsync(new() { Cluster = cluster }, cancellationToken: Token);

        Assert.Equal(["cluster \"5\" over fleet \"1\"", "fleet \"9\" over fleet \"7\""], await SysctlsAsync("w-14"));
        Assert.Equal(["cluster \"5\" over fleet \"1\"", "fleet \"9\" over "], await SysctlsAsync("cp-11"));

        var given = await ConfigAsync("w-14");
        await Patches.DeleteFleetPatchAsync(new() { Name = "b" }, cancellationToken: Token);
        var change = Assert.Single((await CompareAsync("w-14", given)).Pending);
        Assert.Equal(("machine.sysctls[\"kernel.panic\"]", "\"9\"", "\"7\""), (change.Path, change.Before, change.After));
    }

    private static FleetPatch Patch(string name, string yaml) =>
        new() { Metadata = new() { Name = name }, Spec = new() { Yaml = yaml } };

    private async Task<FleetPatch> CreatedAsync(FleetPatch patch) =>
        (await Patches.CreateFleetPatchAsync(new() { FleetPatch = patch }, cancellationToken: Token)).FleetPatch;

    private async Task<string[]> SysctlsAsync(string node)
    {
        var shown = await played.Clusters.GetMachineConfigAsync(new() { Node = node }, cancellationToken: Token);
        return [.. shown.Leaves.Where(leaf => leaf.Path.StartsWith("machine.sysctls", StringComparison.Ordinal))
            .Select(leaf => $"{leaf.Layer} {leaf.Value} over {string.Join(", ", leaf.Overridden.Select(o => $"{o.Layer} {o.Value}"))}").Order()];
    }

    // What the node would be told to try out.
    private async Task<string> ConfigAsync(string node)
    {
        var asked = played.Clusters.GetMachineConfigAsync(new() { Node = node, Compare = true }, cancellationToken: Token).ResponseAsync;
        await AnswerAsync("machine: {}"u8.ToArray());
        var dryRun = await AnswerAsync(new NodeVerdict().ToByteArray());
        await asked;
        return dryRun.DryRunConfig.Config.ToStringUtf8();
    }

    private async Task<ConfigComparison> CompareAsync(string node, string running)
    {
        var asked = played.Clusters.GetMachineConfigAsync(new() { Node = node, Compare = true }, cancellationToken: Token).ResponseAsync;
        await AnswerAsync(System.Text.Encoding.UTF8.GetBytes(running));
        await AnswerAsync(new NodeVerdict().ToByteArray());
        return (await asked).Comparison;
    }

    private async Task<Query> AnswerAsync(byte[] answer)
    {
        var query = (await played.Agent.NextAsync(m => m.Query is not null)).Query;
        await played.AnswerAsync(query, answer);
        return query;
    }
}
