using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Api;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Operations;

/// <summary>A member that is dead makes room for another machine.</summary>
public sealed class ReleaseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dead_control_plane_leaves_once_etcd_has_forgotten_it()
    {
        await using var played = await PlayedCluster.StartAsync();
        var alive = await RefusedAsync(played, "cp-12");
        await DieAsync(played, 12);
        var listed = await RefusedAsync(played, "cp-12");
        foreach (var last in new[] { 11, 13 })
            await played.SeenAsync(last, Forget);
        var released = (await played.Nodes.ReleaseNodeAsync(new() { Name = "cp-12" }, cancellationToken: Token)).Node;

        Assert.Equal("cp-12 answers: reset it instead, `cozyfleet node reset cp-12`; that wipes it and lets it leave.", alive);
        Assert.Equal("cp-12 is still a member of etcd: `cozyfleet cluster remove-member prod 12` first.", listed);
        Assert.Equal(("", NodePhase.Accepted), (released.Status.Cluster, released.Status.Phase));
        // It may come back from repair with its old system: nothing is written to it unasked.
        Assert.Equal("disk: installed", released.Status.BootDecision.ToLowerInvariant());
        var cluster = (await played.Clusters.GetClusterAsync(new() { Name = "prod" }, cancellationToken: Token)).Cluster;
        Assert.Equal(["cp-11", "cp-13", "w-14"], cluster.Status.Members.Select(m => m.Hostname));
        Assert.Equal([PlayedCluster.Uuid(11), PlayedCluster.Uuid(13)], cluster.Spec.ControlPlane.Nodes);
        Assert.Contains(
            $"MemberRemoved: ann took node {PlayedCluster.Uuid(12)} out, which does not answer; it is no member any more",
            await played.EventsAsync("clusters/prod"));
    }

    [Fact]
    public async Task A_dead_worker_leaves_at_once_but_not_while_somebody_works_on_the_cluster()
    {
        await using var played = await PlayedCluster.StartAsync();
        await DieAsync(played, 14);
        await played.Nodes.RebootNodeAsync(new() { Name = "cp-12", OverrideGates = "a test" }, cancellationToken: Token);
        var command = (await played.Agent.NextAsync(m => m.Command is not null)).Command;
        var busy = await RefusedAsync(played, "w-14");
        await played.ResultAsync(command, CommandOutcome.Failed, "no");
        await Session.AgentDouble.UntilAsync(async () =>
            (await played.Nodes.CheckNodeAsync(new() { Name = "cp-12" }, cancellationToken: Token)).LeaseHolder == "");

        await played.Nodes.ReleaseNodeAsync(new() { Name = "w-14" }, cancellationToken: Token);

        Assert.Contains("(reboot of cp-12) works on cluster prod since", busy, StringComparison.Ordinal);
        Assert.Contains("belongs to no cluster.", await RefusedAsync(played, PlayedCluster.Uuid(14)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_cluster_that_nobody_sees_no_control_plane_is_taken()
    {
        await using var played = await PlayedCluster.StartAsync();
        foreach (var last in new[] { 11, 12, 13 })
            await DieAsync(played, last);

        Assert.Equal("no other control plane of cluster prod was seen with a healthy etcd lately.", await RefusedAsync(played, "cp-12"));
    }

    private static Task DieAsync(PlayedCluster played, int last) => played.SeenAsync(last, seen =>
    {
        (seen.ApiMode, seen.Error, seen.Etcd, seen.Kubernetes) = (ApiMode.Unreachable, "no route to host", null, null);
        (seen.Stage, seen.Ready, seen.BootId) = (MachineStage.Unspecified, false, "");
    });

    private static void Forget(NodeObserved seen)
    {
        var left = seen.Etcd.Members.Where(member => member.Id != 12).ToArray();
        seen.Etcd.Members.Clear();
        seen.Etcd.Members.Add(left);
    }

    private static async Task<string> RefusedAsync(PlayedCluster played, string node)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            played.Nodes.ReleaseNodeAsync(new() { Name = node }, cancellationToken: Token).ResponseAsync);
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        return refused.Status.Detail;
    }
}
