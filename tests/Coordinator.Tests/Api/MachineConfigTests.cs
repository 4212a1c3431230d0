using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Session;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cozy.Fleet.Coordinator.Tests.Api;

/// <summary>The config of a member, from the API to the node that an agent's double plays.</summary>
public sealed class MachineConfigTests : IAsyncLifetime
{
    private const string Uuid = "4f1ee700-0000-4000-8000-000000000001";

    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;
    private GrpcChannel channel = null!;
    private ulong sequence;

    private ClusterService.ClusterServiceClient Clusters => new(channel);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        channel = coordinator.DialAsOperator();
        await new RackService.RackServiceClient(channel).CreateRackAsync(new()
        {
            Rack = new()
            {
                Metadata = new() { Name = "r1" },
                Spec = new() { AcceptanceRules = { new AcceptanceRule { Name = "all", Filter = "*" } } },
            },
        }, cancellationToken: Token);
        await new ImageService.ImageServiceClient(channel).CreateImageAsync(new() { Image = RunningApi.Image("talos") },
            cancellationToken: Token);
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task Every_value_says_which_layer_gave_it_and_no_secret_is_shown()
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        var given = await ConfiguredAsync(agent);

        var shown = await Clusters.GetMachineConfigAsync(new() { Node = "c1-cp-1" }, cancellationToken: Token);

        var mtu = shown.Leaves.Single(leaf => leaf.Path == "machine.sysctls[\"vm.swappiness\"]");
        Assert.Equal(("node", "\"3\"", "class,role,cluster"), (mtu.Layer, mtu.Value, string.Join(',', mtu.Overridden.Select(o =>
            o.Layer))));
        Assert.DoesNotContain(shown.Leaves, leaf => leaf.Path.Contains("net.core", StringComparison.Ordinal)); // A patch for workers.
        Assert.Contains("token: '**REDACTED**'", shown.Config, StringComparison.Ordinal);
        Assert.DoesNotContain(given[given.IndexOf("token: ", StringComparison.Ordinal)..].Split('\n')[0], shown.Config,
            StringComparison.Ordinal);
        Assert.Null(shown.Comparison);
    }

    [Fact]
    public async Task What_somebody_changed_on_the_node_is_drift_and_the_node_says_what_setting_it_right_would_do()
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        var given = await ConfiguredAsync(agent);
        await RunsAsync(agent);

        var asked = Clusters.GetMachineConfigAsync(new() { Node = Uuid, Compare = true }, cancellationToken: Token).ResponseAsync;
        var running = given.Replace("vm.swappiness: \"3\"", "vm.swappiness: \"60\"", StringComparison.Ordinal);
        var read = await AnswerAsync(agent, ByteString.CopyFromUtf8(running));
        var dryRun = await AnswerAsync(agent, new NodeVerdict
        {
            ModeDetails = "Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).\nConfig diff:\n+ token: seen",
            Warnings = { "a warning" },
        }.ToByteString());
        var compared = (await asked).Comparison;

        Assert.Equal((Query.AskOneofCase.ReadConfig, Query.AskOneofCase.DryRunConfig), (read.AskCase, dryRun.AskCase));
        Assert.Equal(given, dryRun.DryRunConfig.Config.ToStringUtf8());
        var change = Assert.Single(compared.Drift);
        Assert.Equal(("machine.sysctls[\"vm.swappiness\"]", "\"3\"", "\"60\""), (change.Path, change.Before, change.After));
        Assert.Equal("\"3\"", Assert.Single(compared.Pending).After);
        Assert.Equal(ConfigEffect.Live, compared.Effect);
        Assert.Equal("Dry run summary:\nApplied configuration without a reboot (skipped in dry-run).", compared.NodeVerdict);
        Assert.Equal("a warning", Assert.Single(compared.NodeWarnings));
        Assert.NotNull(compared.ApplyTime);
    }

    [Fact]
    public async Task A_node_is_told_to_push_to_the_agent_of_its_rack_and_another_address_of_the_agent_is_a_pending_change()
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", Hello("10.0.0.1:3247", "tcp://10.0.0.1:3248"));
        var given = await ConfiguredAsync(agent);
        await RunsAsync(agent);
        Assert.Contains("kind: EventSinkConfig\nendpoint: 10.0.0.1:3247\n", given, StringComparison.Ordinal);
        Assert.Contains("kind: KmsgLogConfig\nname: cozy-fleet\nurl: tcp://10.0.0.1:3248\n", given, StringComparison.Ordinal);
        var shown = await Clusters.GetMachineConfigAsync(new() { Node = "c1-cp-1" }, cancellationToken: Token);
        Assert.Equal(["10.0.0.1:3247", "tcp://10.0.0.1:3248"],
            shown.Leaves.Where(leaf => leaf.Layer == "rack" && leaf.Path is "endpoint" or "url").Select(leaf => leaf.Value));

        // It moved, and does not take kernel logs any more. What it says is an address, or nothing.
        using var moved = await AgentDouble.ConnectAsync(coordinator, "r1", Hello("10.0.0.2:3247", "tcp://x\n---\nkind: Evil"));
        Assert.NotNull((await moved.NextAsync()).Welcome);
        var asked = Clusters.GetMachineConfigAsync(new() { Node = Uuid, Compare = true }, cancellationToken: Token).ResponseAsync;
        await AnswerAsync(moved, ByteString.CopyFromUtf8(given));
        var dryRun = await AnswerAsync(moved, new NodeVerdict().ToByteString());
        var compared = (await asked).Comparison;

        Assert.Empty(compared.Drift);
        Assert.Equal(ConfigEffect.Live, compared.Effect);
        Assert.Equal("", compared.Network);
        Assert.Contains(compared.Pending, c => c is { Document: "EventSinkConfig", Before: "10.0.0.1:3247", After: "10.0.0.2:3247" });
        Assert.Contains(compared.Pending, c => c is { Document: "KmsgLogConfig cozy-fleet", HasAfter: false });
        Assert.DoesNotContain("Evil", dryRun.DryRunConfig.Config.ToStringUtf8(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("machine: {install: {diskSelector: {model: P*}}}", "machine.install.diskSelector (model: P*) is 2 disks of this node, and must be one: "
        + "/dev/sda (1 GB) PM9A3 S1, /dev/sdb (2 GB) PM9A3 S2.")]
    [InlineData("machine: {install: {diskSelector: {serial: S3}}}", "machine.install.diskSelector (serial: S3) is no disk of this node")]
    public async Task A_selector_that_is_not_one_of_the_nodes_disks_is_said_before_anything_is_sent(string patch, string sentence)
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        await SeenAsync(agent, new()
        {
            Address = "10.0.0.9", Mac = "52:54:00:00:00:01", Uuid = Uuid, ApiMode = ApiMode.Maintenance, Stage = MachineStage.Maintenance,
            TalosVersion = "v1.13.1",
            Facts = new()
            {
                Disks =
                {
                    new Disk { Device = "/dev/sda", SizeBytes = 1_000_000_000, Model = "PM9A3", Serial = "S1", Transport = "nvme" },
                    new Disk { Device = "/dev/sdb", SizeBytes = 2_000_000_000, Model = "PM9A3", Serial = "S2", Transport = "nvme" },
                },
            },
        });
        var cluster = Cluster();
        cluster.Spec.Patches.Clear();
        cluster.Spec.Patches.Add(new ConfigPatch { Name = "disk", Yaml = patch });
        await Clusters.CreateClusterAsync(new() { Cluster = cluster }, cancellationToken: Token);

        RpcException refusal = null!;
        await AgentDouble.UntilAsync(async () =>
        {
            refusal = await Assert.ThrowsAsync<RpcException>(() =>
                Clusters.GetMachineConfigAsync(new() { Node = Uuid }, cancellationToken: Token).ResponseAsync);
            return refusal.Status.Detail.StartsWith("the config of node", StringComparison.Ordinal);
        });

        Assert.Equal(StatusCode.FailedPrecondition, refusal.StatusCode);
        Assert.StartsWith($"the config of node {Uuid} does not fit it: {sentence}", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_without_a_cluster_has_no_config()
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        await InMaintenanceAsync(agent);

        var refusal = await Assert.ThrowsAsync<RpcException>(() =>
            Clusters.GetMachineConfigAsync(new() { Node = Uuid }, cancellationToken: Token).ResponseAsync);

        Assert.Equal((StatusCode.FailedPrecondition, $"node {Uuid} belongs to no cluster, so it has no config."),
            (refusal.StatusCode, refusal.Status.Detail));
    }

    private static Hello Hello(string eventSink, string kernelLog) =>
        new() { Rack = "r1", AgentVersion = "test", JournalId = "j1", EventSink = eventSink, KernelLog = kernelLog };

    // Until the agent has the node's first config: what the double is told to apply.
    private async Task<string> ConfiguredAsync(AgentDouble agent)
    {
        await InMaintenanceAsync(agent);
        await Clusters.CreateClusterAsync(new() { Cluster = Cluster() }, cancellationToken: Token);
        var command = (await agent.NextAsync(m => m.Command?.ApplyConfiguration is not null)).Command;
        await agent.ReportAsync(new()
        {
            Sequence = ++sequence,
            CommandResult = new()
            {
                OperationId = command.OperationId, Owner = command.Owner, Outcome = CommandOutcome.Succeeded,
                FinishTime = DateTimeOffset.UtcNow.ToTimestamp(),
            },
        });
        await agent.NextAsync(m => m.Ack?.Sequence == sequence);
        return command.ApplyConfiguration.Config.ToStringUtf8();
    }

    private Task InMaintenanceAsync(AgentDouble agent) => SeenAsync(agent, new()
    {
        Address = "10.0.0.9", Mac = "52:54:00:00:00:01", Uuid = Uuid, ApiMode = ApiMode.Maintenance, Stage = MachineStage.Maintenance,
        TalosVersion = "v1.13.1",
        Facts = new() { Disks = { new Disk { Device = "/dev/sda", SizeBytes = 1 << 30 } } },
    });

    private Task RunsAsync(AgentDouble agent) => SeenAsync(agent, new()
    {
        Node = Uuid, Address = "10.0.0.9", ApiMode = ApiMode.Secure, Stage = MachineStage.Running, TalosVersion = "v1.13.1", BootId = "b2",
        Installed = true,
    });

    private async Task SeenAsync(AgentDouble agent, NodeObserved seen)
    {
        await agent.ReportAsync(new() { Sequence = ++sequence, Time = DateTimeOffset.UtcNow.ToTimestamp(), NodeObserved = seen });
        await agent.NextAsync(m => m.Ack?.Sequence == sequence);
    }

    private static async Task<Query> AnswerAsync(AgentDouble agent, ByteString answer)
    {
        var query = (await agent.NextAsync(m => m.Query is not null)).Query;
        await agent.AnswerAsync(new() { QueryId = query.QueryId, Data = answer });
        await agent.AnswerAsync(new() { QueryId = query.QueryId, End = new() });
        return query;
    }

    private static Cluster Cluster() => new()
    {
        Metadata = new() { Name = "c1" },
        Spec = new()
        {
            Image = "talos", KubernetesVersion = "v1.36.3", ControlPlane = new() { Count = 1 },
            Patches =
            {
                Patch("n", "vm.swappiness", 3, p => p.Nodes.Add(Uuid)),
                Patch("c", "vm.swappiness", 2, p => p.Filter = "status.rack = r1"),
                Patch("r", "vm.swappiness", 1, p => p.Role = Role.ControlPlane),
                Patch("w", "net.core.rmem_max", 1, p => p.Role = Role.Worker),
                Patch("all", "vm.swappiness", 0, _ => { }),
            },
        },
    };

    private static ConfigPatch Patch(string name, string sysctl, int value, Action<ConfigPatch> choose)
    {
        var patch = new ConfigPatch { Name = name, Yaml = $"machine:\n  sysctls:\n    {sysctl}: \"{value}\"\n" };
        choose(patch);
        return patch;
    }
}
