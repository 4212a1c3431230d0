using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Api;
using Cozy.Fleet.Coordinator.Tests.Session;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Coordinator.Tests.Operations;

/// <summary>A changed document on its way to a worker that runs, which an agent's double plays.</summary>
public sealed class ApplyConfigTests : IAsyncLifetime
{
    private const string Sysctl = "machine: {sysctls: {vm.swappiness: \"3\"}}";
    private const string Static = "machine: {network: {interfaces: [{interface: eth0, addresses: [10.0.0.99/24]}]}}";
    private const string Environment = "machine: {env: {a: b}}";

    private PlayedCluster played = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => played = await PlayedCluster.StartAsync();

    public ValueTask DisposeAsync() => played.DisposeAsync();

    [Fact]
    public async Task What_works_at_once_is_applied_and_the_node_looked_at_and_is_no_drift_afterwards()
    {
        var before = await WantedAsync();
        await PatchAsync(Sysctl);
        var begun = await ApplyAsync(new(), before);
        var command = await CommandAsync();
        await played.ResultAsync(command);
        await played.SeenAsync(14);
        var ended = await UntilAsync(begun, o => o.EndTime is not null);
        var config = command.ApplyConfiguration.Config.ToStringUtf8();
        var compared = await CompareAsync(config);

        Assert.Equal(("apply-config", ApplyMode.NoReboot), (begun.Action, command.ApplyConfiguration.Mode));
        Assert.Contains("vm.swappiness: \"3\"", config, StringComparison.Ordinal);
        Assert.NotEqual("", command.Talos.Key);
        Assert.Equal((OperationState.Succeeded, "it is Ready on boot boot-14-1 with Talos v1.13.1"), (ended.State, ended.Message));
        Assert.Equal((0, 0), (compared.Drift.Count, compared.Pending.Count));
    }

    [Fact]
    public async Task What_touches_the_network_is_tried_and_a_trial_that_fails_leaves_the_former_config_in_charge()
    {
        var before = await WantedAsync();
        await PatchAsync(Static);
        var begun = await ApplyAsync(new() { TrialTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(90)) }, before);
        var command = await CommandAsync();
        await played.ResultAsync(command, CommandOutcome.Failed, "the node took it back");
        var ended = await UntilAsync(begun, o => o.EndTime is not null);
        var compared = await CompareAsync(before, pending: true);

        Assert.Equal((ApplyMode.Try, 90), (command.ApplyConfiguration.Mode, command.ApplyConfiguration.TryTimeout.Seconds));
        Assert.Equal("10.0.0.99", Assert.Single(command.ApplyConfiguration.Addresses));
        Assert.Equal((OperationState.Failed, "the node took it back"), (ended.State, ended.Message));
        Assert.Empty(compared.Drift);
        Assert.NotEmpty(compared.Pending);
    }

    [Fact]
    public async Task A_reboot_is_only_done_when_it_is_allowed_and_the_node_has_taken_the_config_with_it()
    {
        var before = await WantedAsync();
        await PatchAsync(Environment);
        var refused = await Assert.ThrowsAsync<RpcException>(() => ApplyAsync(new(), before));
        var begun = await ApplyAsync(new() { Mode = ConfigApplyMode.Reboot }, before);
        var write = await CommandAsync();
        await played.ResultAsync(write);
        var reboot = await CommandAsync();
        await played.RestartAsync();
        await played.ResultAsync(await CommandAsync());
        await played.SeenAsync(14, seen => (seen.BootId, seen.Kubernetes.BootId) = ("boot-14-2", "boot-14-2"));
        var ended = await UntilAsync(begun, o => o.EndTime is not null);
        var compared = await CompareAsync(write.ApplyConfiguration.Config.ToStringUtf8());

        Assert.Equal("node w-14: machine.env.a works only after a reboot: allow one, or have the config staged for the next boot.",
            refused.Status.Detail);
        Assert.Equal((ApplyMode.Staged, Command.ActionOneofCase.Reboot), (write.ApplyConfiguration.Mode, reboot.ActionCase));
        Assert.Equal((OperationState.Succeeded, "it is Ready on boot boot-14-2 with Talos v1.13.1"), (ended.State, ended.Message));
        Assert.Equal((0, 0), (compared.Drift.Count, compared.Pending.Count));
    }

    [Fact]
    public async Task A_staged_config_is_no_drift_before_the_boot_that_takes_it_up()
    {
        var before = await WantedAsync();
        await PatchAsync(Environment);
        var begun = await ApplyAsync(new() { Mode = ConfigApplyMode.Staged }, before);
        var command = await CommandAsync();
        await played.ResultAsync(command);
        await UntilAsync(begun, o => o.State == OperationState.Succeeded);
        var onThisBoot = await CompareAsync(before, pending: true);
        await played.SeenAsync(14, seen => seen.BootId = "boot-14-2");
        var onTheNext = await CompareAsync(command.ApplyConfiguration.Config.ToStringUtf8());

        Assert.Equal((0, 1), (onThisBoot.Drift.Count, onThisBoot.Pending.Count));
        Assert.Equal((0, 0), (onTheNext.Drift.Count, onTheNext.Pending.Count));
    }

    [Fact]
    public async Task Nothing_is_done_when_nothing_is_pending_or_the_documents_change_in_between()
    {
        var before = await WantedAsync();
        var nothing = await Assert.ThrowsAsync<RpcException>(() => ApplyAsync(new(), before, dryRun: false));
        await PatchAsync(Sysctl);
        var begun = await ApplyAsync(new(), before);
        await CommandAsync(); // It is lost with the session, and is to be sent again.
        await PatchAsync(Environment);
        await played.RestartAsync();
        var ended = await UntilAsync(begun, o => o.EndTime is not null);

        Assert.Equal("node w-14: it runs the config that it should have.", nothing.Status.Detail);
        Assert.Equal((OperationState.Failed, "the documents changed what w-14 should have; look at it again."), (ended.State, ended.Message));
    }

    private async Task PatchAsync(string yaml)
    {
        var cluster = (await played.Clusters.GetClusterAsync(new() { Name = "prod" }, cancellationToken: Token)).Cluster;
        cluster.Metadata.Etag = ""; // The cluster itself goes on writing down what it sees.
        cluster.Spec.Patches.Clear();
        cluster.Spec.Patches.Add(new ConfigPatch { Name = "p", Yaml = yaml });
        await played.Clusters.UpdateClusterAsync(new() { Cluster = cluster, UpdateMask = new() { Paths = { "spec.patches" } } }, cancellationToken: Token);
    }

    // The config that the worker should have, with its secrets, as the agent sees it.
    private async Task<string> WantedAsync()
    {
        var asking = played.Clusters.GetMachineConfigAsync(new() { Node = "w-14", Compare = true }, cancellationToken: Token).ResponseAsync;
        await AnswerAsync("version: v1alpha1\n"u8.ToArray());
        var wanted = (await AnswerAsync(new NodeVerdict().ToByteArray())).DryRunConfig.Config.ToStringUtf8();
        await asking;
        return wanted;
    }

    private async Task<ConfigComparison> CompareAsync(string running, bool pending = false)
    {
        var asking = played.Clusters.GetMachineConfigAsync(new() { Node = "w-14", Compare = true }, cancellationToken: Token).ResponseAsync;
        await AnswerAsync(System.Text.Encoding.UTF8.GetBytes(running));
        if (pending)
            await AnswerAsync(new NodeVerdict().ToByteArray());
        return (await asking).Comparison;
    }

    private async Task<Operation> ApplyAsync(ApplyNodeConfigRequest request, string running, bool dryRun = true)
    {
        request.Name = "w-14";
        var asking = played.Nodes.ApplyNodeConfigAsync(request, cancellationToken: Token).ResponseAsync;
        await AnswerAsync(System.Text.Encoding.UTF8.GetBytes(running));
        if (dryRun)
            await AnswerAsync(new NodeVerdict().ToByteArray());
        return (await asking).Operation;
    }

    private async Task<Query> AnswerAsync(byte[] answer)
    {
        var query = (await played.Agent.NextAsync(m => m.Query is not null)).Query;
        await played.AnswerAsync(query, answer);
        return query;
    }

    private async Task<Command> CommandAsync() => (await played.Agent.NextAsync(m => m.Command is not null)).Command;

    private async Task<Operation> UntilAsync(Operation operation, Func<Operation, bool> isSo)
    {
        await AgentDouble.UntilAsync(async () =>
        {
            operation = (await played.Nodes.GetOperationAsync(new() { Name = operation.Name }, cancellationToken: Token)).Operation;
            return isSo(operation);
        });
        return operation;
    }
}
