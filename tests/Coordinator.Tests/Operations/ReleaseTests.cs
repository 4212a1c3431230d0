using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Api;
using Cozy.Fleet.Coordinator.Tests.Session;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Operations;

/// <summary>A member that is dead makes room for another machine.</summary>
public sealed class ReleaseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dead_control_plane_leaves_etcd_then_Kubernetes_then_its_cluster_also_when_the_coordinator_is_killed_in_between()
    {
        await using var played = await PlayedCluster.StartAsync();
        var alive = await RefusedAsync(played, "cp-12");
        await DieAsync(played, 12);
        var begun = (await played.Nodes.ReleaseNodeAsync(new() { Name = "cp-12" }, cancellationToken: Token)).Operation;
        var fromEtcd = await CommandAsync(played);
        await played.ResultAsync(fromEtcd);
        await CommandAsync(played);
        await played.RestartAsync();
        var fromKubernetes = await CommandAsync(played);
        await played.ResultAsync(fromKubernetes, message: "its Node is gone from Kubernetes");
        await UntilItLeftAsync(played, 12);

        Assert.Equal("node cp-12 answers: reset it instead, `cozyfleet node reset cp-12`; that wipes it and lets it leave.", alive);
        Assert.Equal((12UL, "cp-13"), (fromEtcd.RemoveEtcdMember.MemberId, fromEtcd.Hostname));
        Assert.Equal(("cp-12", fromEtcd.FencingNumber), (fromKubernetes.Hostname, fromKubernetes.FencingNumber));
        Assert.NotNull(fromKubernetes.DeleteNodeObject);
        Assert.StartsWith("-----BEGIN", fromKubernetes.Kubernetes.Certificate, StringComparison.Ordinal);
        var cluster = (await played.Clusters.GetClusterAsync(new() { Name = "prod" }, cancellationToken: Token)).Cluster;
        Assert.Equal(["cp-11", "cp-13", "w-14"], cluster.Status.Members.Select(m => m.Hostname));
        Assert.Equal([PlayedCluster.Uuid(11), PlayedCluster.Uuid(13)], cluster.Spec.ControlPlane.Nodes);
        Assert.Contains(
            $"MemberRemoved: node {PlayedCluster.Uuid(12)} is dead and is no member any more", await played.EventsAsync("clusters/prod"));
        Assert.Contains(
            $"OperationStarted: release (operations/{begun.Name}): asked for by ann",
            await played.EventsAsync($"nodes/{PlayedCluster.Uuid(12)}"));
    }

    [Fact]
    public async Task A_dead_worker_leaves_but_not_while_somebody_works_on_the_cluster_and_is_held_when_it_network_boots()
    {
        await using var played = await PlayedCluster.StartAsync();
        await DieAsync(played, 14);
        await played.Nodes.RebootNodeAsync(new() { Name = "cp-12", OverrideGates = "a test" }, cancellationToken: Token);
        // It begins, and then takes the lease.
        await AgentDouble.UntilAsync(async () => await LeaseHolderAsync(played) != "");
        var busy = await RefusedAsync(played, "w-14");
        await played.ResultAsync(await CommandAsync(played), CommandOutcome.Failed, "no");
        await AgentDouble.UntilAsync(async () => await LeaseHolderAsync(played) == "");

        await played.Nodes.ReleaseNodeAsync(new() { Name = "w-14" }, cancellationToken: Token);
        await played.ResultAsync(await CommandAsync(played));
        var released = await UntilItLeftAsync(played, 14);

        Assert.Contains("(reboot of cp-12) works on cluster prod since", busy, StringComparison.Ordinal);
        Assert.Equal(NodePhase.Accepted, released.Status.Phase);
        Assert.StartsWith("hold: released from cluster prod", released.Status.BootDecision, StringComparison.Ordinal);
        Assert.Contains("belongs to no cluster", await RefusedAsync(played, PlayedCluster.Uuid(14)), StringComparison.Ordinal);
        // The rack of this test has no discovery image to do it with.
        var wiped = (await played.Nodes.WipeNodeAsync(new() { Name = PlayedCluster.Uuid(14) }, cancellationToken: Token)).Node;
        Assert.StartsWith("hold: to be wiped, but", wiped.Status.BootDecision, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_that_Kubernetes_does_not_let_go_stays_one()
    {
        await using var played = await PlayedCluster.StartAsync();
        await DieAsync(played, 14);
        var begun = (await played.Nodes.ReleaseNodeAsync(new() { Name = "w-14" }, cancellationToken: Token)).Operation;
        await played.ResultAsync(await CommandAsync(played), CommandOutcome.Failed, "the Node is Ready");
        await AgentDouble.UntilAsync(async () => OperationState.Failed ==
            (await played.Nodes.GetOperationAsync(new() { Name = begun.Name }, cancellationToken: Token)).Operation.State);

        Assert.Equal("prod", (await played.Nodes.GetNodeAsync(new() { Name = "w-14" }, cancellationToken: Token)).Node.Status.Cluster);
    }

    private static async Task<string> LeaseHolderAsync(PlayedCluster played) =>
        (await played.Nodes.CheckNodeAsync(new() { Name = "cp-12" }, cancellationToken: Token)).LeaseHolder;

    private static async Task<Command> CommandAsync(PlayedCluster played) =>
        (await played.Agent.NextAsync(m => m.Command is not null)).Command;

    private static async Task<Node> UntilItLeftAsync(PlayedCluster played, int last)
    {
        var node = new Node();
        await AgentDouble.UntilAsync(async () =>
        {
            node = (await played.Nodes.GetNodeAsync(new() { Name = PlayedCluster.Uuid(last) }, cancellationToken: Token)).Node;
            return node.Status.Cluster == "";
        });
        return node;
    }

    private static Task DieAsync(PlayedCluster played, int last) => played.SeenAsync(last, seen =>
    {
        (seen.ApiMode, seen.Error, seen.Etcd, seen.Kubernetes.Ready) = (ApiMode.Unreachable, "no route to host", null, false);
        (seen.Stage, seen.Ready, seen.BootId) = (MachineStage.Unspecified, false, "");
    });

    private static async Task<string> RefusedAsync(PlayedCluster played, string node)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            played.Nodes.ReleaseNodeAsync(new() { Name = node }, cancellationToken: Token).ResponseAsync);
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        return refused.Status.Detail;
    }
}
