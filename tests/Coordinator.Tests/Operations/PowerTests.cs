using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Api;
using Cozy.Fleet.Coordinator.Tests.Session;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Operations;

/// <summary>BMCs and power, from the API to the agent's double.</summary>
public sealed class PowerTests
{
    private const string Password = "s3kritword";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Bmc Redfish { get; } = new()
    {
        Kind = BmcKind.Redfish, Address = "10.0.9.14", Username = "ops",
        Fingerprint = new('a', 64)
    };

    [Fact]
    public async Task A_password_goes_to_the_agent_alone_and_is_sealed_at_rest()
    {
        await using var played = await PlayedCluster.StartAsync();
        var set = await SetAsync(played, "w-14", Redfish);
        var asked = played.Nodes.GetNodePowerAsync(new() { Name = "w-14" }, cancellationToken: Token);
        var query = (await played.Agent.NextAsync(m => m.Query is not null)).Query;
        await played.Agent.AnswerAsync(new() { QueryId = query.QueryId, Data = new PowerStatus { State = PowerState.On }.ToByteString() });
        await played.Agent.AnswerAsync(new() { QueryId = query.QueryId, End = new() });
        var power = (await asked).Power;

        Assert.Equal(Redfish, set.Spec.Bmc);
        Assert.Equal((Redfish, Password, Query.AskOneofCase.ReadPower), (query.Bmc.Bmc, query.Bmc.Password, query.AskCase));
        Assert.Equal(PowerState.On, power.State);
        var stored = played.Stored();
        Assert.Contains(Redfish.Address, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_member_is_cycled_under_the_lease_and_comes_back_also_when_the_coordinator_is_killed_in_between()
    {
        await using var played = await PlayedCluster.StartAsync();
        await SetAsync(played, "cp-12", Redfish);
        var begun = (await played.Nodes.SwitchNodePowerAsync(
            new() { Name = "cp-12", Action = PowerAction.Cycle, NextBoot = NextBoot.Disk }, cancellationToken: Token)).Operation;
        var first = await CommandAsync(played);
        await played.RestartAsync();
        var again = await CommandAsync(played);
        await played.ResultAsync(again, message: "it was cycled");
        await played.SeenAsync(12, seen => (seen.BootId, seen.Kubernetes.BootId) = ("boot-12-2", "boot-12-2"));
        var ended = await EndAsync(played, begun);

        Assert.Equal((first.OperationId, 1UL, Password), (again.OperationId, again.FencingNumber, again.Bmc.Password));
        Assert.Equal(new() { Action = PowerAction.Cycle, NextBoot = NextBoot.Disk, Uefi = true }, again.SwitchPower);
        Assert.Null(again.Talos);
        Assert.Equal((OperationState.Succeeded, "power-cycle"), (ended.State, ended.Action));
    }

    [Fact]
    public async Task A_member_that_the_others_need_stays_on_and_switching_on_asks_nobody()
    {
        await using var played = await PlayedCluster.StartAsync();
        await SetAsync(played, "cp-12", Redfish);
        await played.SeenAsync(13, seen => seen.Etcd.Errors.Add("corrupt"));
        var refused = await RefusedAsync(() => played.Nodes.SwitchNodePowerAsync(
            new() { Name = "cp-12", Action = PowerAction.Off }, cancellationToken: Token).ResponseAsync);
        var begun = (await played.Nodes.SwitchNodePowerAsync(new() { Name = "cp-12", Action = PowerAction.On },
            cancellationToken: Token)).Operation;
        await played.ResultAsync(await CommandAsync(played), message: "it is on already");
        var ended = await EndAsync(played, begun);

        Assert.StartsWith("2 of 17 gates do not pass", refused.Detail, StringComparison.Ordinal);
        Assert.Equal((OperationState.Succeeded, "it is on already"), (ended.State, ended.Message));
    }

    [Fact]
    public async Task A_machine_without_a_cluster_is_switched_off_without_a_lease()
    {
        await using var played = await PlayedCluster.StartAsync();
        await played.ReportAsync(new()
        {
            BootProgress = new()
            {
                SessionId = "s1", Mac = "52:54:00:00:00:77",
                Stage = BootStage.DhcpOffered
            }
        });
        await SetAsync(played, "mac-525400000077", Redfish);
        var begun = (await played.Nodes.SwitchNodePowerAsync(
            new() { Name = "mac-525400000077", Action = PowerAction.Off, Force = true }, cancellationToken: Token)).Operation;
        var command = await CommandAsync(played);
        await played.ResultAsync(command, CommandOutcome.Failed, "the BMC 10.0.9.14 does not answer");
        var ended = await EndAsync(played, begun);

        Assert.Equal(("", 0UL, true), (command.Cluster, command.FencingNumber, command.SwitchPower.Force));
        Assert.Equal((OperationState.Failed, "the BMC 10.0.9.14 does not answer", ""), (ended.State, ended.Message, ended.Cluster));
    }

    [Fact]
    public async Task A_bmc_that_is_told_wrongly_is_refused_with_every_field()
    {
        await using var played = await PlayedCluster.StartAsync();
        var wrong = await RunningApi.RefusalAsync(() => SetAsync(played, "w-14", new()
        {
            Kind = BmcKind.Ipmi, Address = "-oProxy=x", Username = "a-name-that-is-too-long", Fingerprint = "ab",
            Ca = "none", System = "../1", CipherSuite = 99,
        }, ""));
        Assert.Equal(StatusCode.InvalidArgument, wrong.Code);
        Assert.Equal(
        [
            "bmc.address", "password", "bmc.username", "bmc.ca", "bmc.fingerprint", "bmc.system", "bmc.fingerprint",
                "bmc.fingerprint", "bmc.ca", "bmc.system",
            "bmc.cipher_suite",
        ], wrong.Fields);
    }

    [Fact]
    public async Task Two_nodes_have_no_bmc_in_common_and_one_that_was_forgotten_may_be_told_elsewhere()
    {
        await using var played = await PlayedCluster.StartAsync();
        await SetAsync(played, "w-14", Redfish);
        var twice = await RefusedAsync(() => SetAsync(played, "cp-11", Redfish));
        await played.Nodes.ForgetNodeBmcAsync(new() { Name = "w-14" }, cancellationToken: Token);
        await SetAsync(played, "cp-11", Redfish);
        var without = await RefusedAsync(() => played.Nodes.GetNodePowerAsync(new() { Name = "w-14" },
            cancellationToken: Token).ResponseAsync);

        Assert.Equal($"10.0.9.14 is the BMC of node {PlayedCluster.Uuid(14)} already; `cozyfleet node bmc forget` takes it away there.", twice.Detail);
        Assert.StartsWith("nobody told where the BMC of node", without.Detail, StringComparison.Ordinal);
        Assert.Contains("BmcForgotten: forgotten, by ann", await played.EventsAsync($"nodes/{PlayedCluster.Uuid(14)}"));
    }

    [Fact]
    public async Task A_written_spec_leaves_the_bmc_as_it_is()
    {
        await using var played = await PlayedCluster.StartAsync();
        var node = await SetAsync(played, "w-14", Redfish);
        var update = new Node { Metadata = new() { Name = node.Metadata.Name }, Spec = new() { Locked = true } };
        var written = (await played.Nodes.UpdateNodeAsync(new() { Node = update }, cancellationToken: Token)).Node;
        var refused = await RunningApi.RefusalAsync(() => played.Nodes.UpdateNodeAsync(
            new() { Node = update, UpdateMask = new() { Paths = { "spec.bmc" } } }, cancellationToken: Token).ResponseAsync);

        Assert.Equal((true, Redfish), (written.Spec.Locked, written.Spec.Bmc));
        Assert.Equal(StatusCode.InvalidArgument, refused.Code);
    }

    private static async Task<Node> SetAsync(PlayedCluster played, string name, Bmc bmc, string password = Password) =>
        (await played.Nodes.SetNodeBmcAsync(
            new() { Name = name, Bmc = bmc, Password = password, RequestId = Guid.NewGuid().ToString() }, cancellationToken: Token)).Node;

    private static async Task<Command> CommandAsync(PlayedCluster played) => (await played.Agent.NextAsync(m =>
        m.Command is not null)).Command;

    private static async Task<Operation> EndAsync(PlayedCluster played, Operation operation)
    {
        await AgentDouble.UntilAsync(async () =>
        {
            operation = (await played.Nodes.GetOperationAsync(new() { Name = operation.Name }, cancellationToken: Token)).Operation;
            return operation.EndTime is not null;
        });
        return operation;
    }

    private static async Task<Status> RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        return refused.Status;
    }
}
