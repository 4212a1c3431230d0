using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Api;
using Cozy.Fleet.Coordinator.Tests.Session;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Operations;

/// <summary>What is done to one member at a time, from the API to the node that an agent's double plays.</summary>
public sealed class OperationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reboot_holds_the_lease_until_the_node_is_ready_on_another_boot()
    {
        await using var played = await PlayedCluster.StartAsync();
        var begun = (await played.Nodes.RebootNodeAsync(new() { Name = "cp-12", Mode = RebootMode.Powercycle },
            cancellationToken: Token)).Operation;
        var command = await CommandAsync(played);
        var second = await RefusedAsync(() => played.Nodes.RebootNodeAsync(new() { Name = "cp-13" },
            cancellationToken: Token).ResponseAsync);
        await played.ResultAsync(command);
        await played.SeenAsync(12);
        await UntilAsync(played, begun, o => o.Waiting?.Observed == "still on boot boot-12-1, Running");
        var held = await LeaseAsync(played);
        await played.SeenAsync(12, seen => (seen.BootId, seen.Kubernetes.BootId) = ("boot-12-2", "boot-12-2"));
        var ended = await UntilAsync(played, begun, o => o.EndTime is not null);

        Assert.Equal((RebootMode.Powercycle, "10.0.0.12"), (command.Reboot.Mode, command.Address));
        Assert.Equal((1UL, $"operations/{begun.Name}"), (command.FencingNumber, held));
        Assert.StartsWith($"operations/{begun.Name} (reboot of cp-12) works on cluster prod", second, StringComparison.Ordinal);
        Assert.Equal(
            (OperationState.Succeeded, "it is Ready on boot boot-12-2 with Talos v1.13.1", "ann"),
            (ended.State, ended.Message, ended.RequestedBy));
        await AgentDouble.UntilAsync(async () => await LeaseAsync(played) == "");
        Assert.Contains(
            $"OperationSucceeded: reboot (operations/{begun.Name}): {ended.Message}",
            await played.EventsAsync($"nodes/{PlayedCluster.Uuid(12)}"));
    }

    [Fact]
    public async Task A_red_gate_refuses_and_an_override_stands_in_the_events_with_its_reason()
    {
        await using var played = await PlayedCluster.StartAsync();
        await played.SeenAsync(13, seen => seen.Etcd.Errors.Add("corrupt"));
        var refused = await RefusedAsync(() => played.Nodes.ShutdownNodeAsync(new() { Name = "cp-12" },
            cancellationToken: Token).ResponseAsync);
        var begun = (await played.Nodes.ShutdownNodeAsync(
            new() { Name = "cp-12", Force = true, OverrideGates = "the hall burns" }, cancellationToken: Token)).Operation;
        var command = await CommandAsync(played);
        await played.ResultAsync(command);
        await played.SeenAsync(12, seen => (seen.ApiMode, seen.Error) = (ApiMode.Unreachable, "connection refused"));
        var ended = await UntilAsync(played, begun, o => o.EndTime is not null);

        Assert.StartsWith("2 of 17 gates do not pass, first etcd.member: cp-13: the etcd member is not healthy", refused,
            StringComparison.Ordinal);
        Assert.True(command.Shutdown.Force);
        Assert.Equal((OperationState.Succeeded, "it is down"), (ended.State, ended.Message));
        Assert.Contains($"GatesOverridden: shutdown (operations/{begun.Name}): ann overrides the gates: the hall burns",
            await played.EventsAsync($"nodes/{PlayedCluster.Uuid(12)}"));
    }

    [Fact]
    public async Task A_member_that_was_reset_leaves_its_cluster_and_may_be_installed_again_also_when_the_coordinator_is_killed_in_between()
    {
        await using var played = await PlayedCluster.StartAsync();
        var begun = (await played.Nodes.ResetNodeAsync(new() { Name = "w-14", Graceful = true, Reboot = true },
            cancellationToken: Token)).Operation;
        var first = await CommandAsync(played);
        await played.RestartAsync();
        var again = await CommandAsync(played);
        await played.ResultAsync(again);
        await played.RestartAsync();
        await played.SeenAsync(14, seen => (seen.ApiMode, seen.Error) = (ApiMode.Unreachable, "connection refused"));
        var ended = await UntilAsync(played, begun, o => o.EndTime is not null);

        Assert.Equal((first.OperationId, first.FencingNumber), (again.OperationId, again.FencingNumber));
        Assert.Equal(OperationState.Succeeded, ended.State);
        await AgentDouble.UntilAsync(async () => await LeaseAsync(played) == "");
        var cluster = (await played.Clusters.GetClusterAsync(new() { Name = "prod" }, cancellationToken: Token)).Cluster;
        Assert.DoesNotContain(cluster.Status.Members, m => m.Node == PlayedCluster.Uuid(14));
        Assert.DoesNotContain(PlayedCluster.Uuid(14), cluster.Spec.Workers?.Nodes ?? []);
        var node = (await played.Nodes.GetNodeAsync(new() { Name = PlayedCluster.Uuid(14) }, cancellationToken: Token)).Node;
        Assert.Equal(("", NodePhase.Accepted), (node.Status.Cluster, node.Status.Phase));
        Assert.Equal("disk: no cluster, and the rack has no discovery image", node.Status.BootDecision.ToLowerInvariant());
    }

    [Fact]
    public async Task What_the_agent_cannot_tell_of_is_not_done_again()
    {
        await using var played = await PlayedCluster.StartAsync();
        var begun = (await played.Clusters.DefragmentEtcdAsync(new() { Node = "cp-11" }, cancellationToken: Token)).Operation;
        await played.ResultAsync(await CommandAsync(played), CommandOutcome.Unknown, "the agent was restarted in the middle of it");
        var ended = await UntilAsync(played, begun, o => o.EndTime is not null);

        Assert.Equal((OperationState.OutcomeUnknown, "it may have taken effect or not: the agent was restarted in the middle of it"),
            (ended.State, ended.Message));
    }

    [Fact]
    public async Task A_cluster_that_is_only_observed_is_left_alone_and_a_healthy_etcd_member_stays()
    {
        await using var observed = await PlayedCluster.StartAsync(Management.Observed);
        var refused = await RefusedAsync(() => observed.Nodes.RebootNodeAsync(new() { Name = "w-14" },
            cancellationToken: Token).ResponseAsync);
        await using var managed = await PlayedCluster.StartAsync();
        var healthy = await RefusedAsync(() => managed.Clusters.RemoveEtcdMemberAsync(new() { Name = "prod", MemberId = 12 },
            cancellationToken: Token).ResponseAsync);

        Assert.StartsWith("cluster prod is only observed", refused, StringComparison.Ordinal);
        Assert.Equal("cp-12 is a healthy member of etcd; a graceful reset lets it leave.", healthy);
    }

    private static async Task<Command> CommandAsync(PlayedCluster played) => (await played.Agent.NextAsync(m =>
        m.Command is not null)).Command;

    private static async Task<Operation> UntilAsync(PlayedCluster played, Operation operation, Func<Operation, bool> isSo)
    {
        await AgentDouble.UntilAsync(async () =>
        {
            operation = (await played.Nodes.GetOperationAsync(new() { Name = operation.Name }, cancellationToken: Token)).Operation;
            return isSo(operation);
        });
        return operation;
    }

    private static async Task<string> LeaseAsync(PlayedCluster played) =>
        (await played.Clusters.GetClusterAsync(new() { Name = "prod" }, cancellationToken: Token)).Cluster.Status.Lease?.Holder ?? "";

    private static async Task<string> RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        return refused.Status.Detail;
    }
}
