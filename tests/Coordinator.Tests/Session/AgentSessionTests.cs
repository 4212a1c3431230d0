using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Api.Mapping;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Tests.Hosting;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Domain;
using Grpc.Core;
using Orleans;

namespace Cozy.Fleet.Coordinator.Tests.Session;

/// <summary>An agent's session with a whole coordinator, over real TLS.</summary>
public sealed class AgentSessionTests : IAsyncLifetime
{
    private const string Uuid = "4f1ee700-0000-4000-8000-000000000001";

    private readonly TemporaryDirectory directory = new();
    private RunningCoordinator coordinator = null!;

    private IGrainFactory Grains => coordinator.Service<IGrainFactory>();

    public async ValueTask InitializeAsync()
    {
        coordinator = await RunningCoordinator.StartAsync(directory.Path);
        foreach (var rack in new[] { "r1", "r2" })
            await Grains.GetGrain<IRackGrain>(rack).Create(new(), new ResourceMetadata(rack, rack, DateTimeOffset.UnixEpoch), false);
    }

    public async ValueTask DisposeAsync()
    {
        await coordinator.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_certificate_of_another_rack_is_refused_and_the_racks_own_agent_is_not_disturbed()
    {
        using var own = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await own.NextAsync()).Welcome);

        using var stranger = await AgentDouble.ConnectAsync(coordinator, "r2", "r1");
        var refusal = await Assert.ThrowsAsync<RpcException>(stranger.NextAsync);

        Assert.Equal(StatusCode.PermissionDenied, refusal.StatusCode);
        Assert.Equal("The certificate is for rack r2, the agent says that it serves rack r1; enrol it with a token for that rack.", refusal.Status.Detail);
        await own.ReportAsync(1, Boot("s1", BootStage.DhcpOffered), 1);
        Assert.Equal(1UL, (await own.NextAsync(m => m.Ack is not null)).Ack.Sequence);
    }

    [Fact]
    public async Task Reports_are_taken_in_order_and_each_once()
    {
        using (var first = await AgentDouble.ConnectAsync(coordinator, "r1", "r1"))
        {
            Assert.Equal(0UL, (await first.NextAsync()).Welcome.AcknowledgedSequence);
            await first.ReportAsync(1, Boot("s1", BootStage.DhcpOffered), 1);
            await first.ReportAsync(2, Boot("s1", BootStage.InitramfsFetched), 2);
            await first.NextAsync(m => m.Ack?.Sequence == 2);
        }

        // The answer to the last report may have been lost: the agent sends it again, and goes on.
        using var second = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.Equal(2UL, (await second.NextAsync()).Welcome.AcknowledgedSequence);
        await second.ReportAsync(2, Boot("s1", BootStage.InitramfsFetched), 2);
        await second.ReportAsync(3, Boot("s2", BootStage.InitramfsFetched), 600);
        await second.NextAsync(m => m.Ack?.Sequence == 3);

        var node = await Grains.GetGrain<INodeGrain>(Uuid).Get();
        Assert.Equal([2, 600], node!.NetbootTimes.Select(t => t.ToUnixTimeSeconds()));
    }

    [Fact]
    public async Task A_journal_that_was_lost_counts_from_one_again()
    {
        using (var first = await AgentDouble.ConnectAsync(coordinator, "r1", "r1", "j1"))
        {
            await first.ReportAsync(7, Boot("s1", BootStage.DhcpOffered), 1);
            await first.NextAsync(m => m.Ack?.Sequence == 7);
        }
        using var second = await AgentDouble.ConnectAsync(coordinator, "r1", "r1", "j2");
        Assert.Equal(0UL, (await second.NextAsync()).Welcome.AcknowledgedSequence);
        await second.ReportAsync(1, Boot("s2", BootStage.DhcpOffered), 2);
        Assert.Equal(1UL, (await second.NextAsync(m => m.Ack is not null)).Ack.Sequence);
    }

    [Fact]
    public async Task A_newer_session_of_the_rack_ends_the_older_one()
    {
        using var first = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await first.NextAsync()).Welcome);
        using var second = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        Assert.NotNull((await second.NextAsync()).Welcome);

        var end = await Assert.ThrowsAsync<RpcException>(() => first.NextAsync(_ => false));
        Assert.Equal((StatusCode.Aborted, "another session of this rack took over"), (end.StatusCode, end.Status.Detail));
        Assert.NotNull(await Grains.GetGrain<IRackGrain>("r1").Liveness());
    }

    [Fact]
    public async Task A_machine_that_is_rejected_is_told_to_boot_its_disk()
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        await agent.ReportAsync(1, Boot("s1", BootStage.DhcpOffered), 1);
        await agent.NextAsync(m => m.Ack is not null);
        await Grains.GetGrain<INodeGrain>(Uuid).Decide(Domain.Nodes.AcceptanceState.Rejected, "ann", "");

        var told = await agent.NextAsync(m => m.DesiredState?.Nodes.Any(n => n.Reason == "rejected") == true);
        Assert.Equal((Uuid, BootAction.Disk), (told.DesiredState.Nodes[0].Node, told.DesiredState.Nodes[0].Action));
    }

    [Fact]
    public async Task Another_dhcp_server_that_the_agent_heard_is_a_condition_of_the_rack_and_an_event()
    {
        using var agent = await AgentDouble.ConnectAsync(coordinator, "r1", "r1");
        var other = new Contracts.V1.OtherDhcpServer { Address = "10.0.0.2", Mac = "02:00:00:00:00:02", Complaint = "it gives addresses: switch it off" };

        await agent.BeatAsync(new Heartbeat { GuardsDhcp = true });
        await AgentDouble.UntilAsync(async () => (await OnlyDhcpServerAsync()).Reason == "NoneHeard");
        await agent.BeatAsync(new Heartbeat { GuardsDhcp = true, OtherDhcpServers = { other } });
        await AgentDouble.UntilAsync(async () => (await OnlyDhcpServerAsync()).Status == ConditionStatus.False);

        const string Sentence = "another DHCP server, 10.0.0.2 (02:00:00:00:00:02), is on the machines' network: it gives addresses: switch it off";
        Assert.Equal(Sentence, (await OnlyDhcpServerAsync()).Message);
        await AgentDouble.UntilAsync(async () => (await EventsAsync()).Any(e => e is { Reason: "OtherDhcpServer", Message: Sentence }));

        await agent.BeatAsync(new Heartbeat { GuardsDhcp = true });
        await AgentDouble.UntilAsync(async () => (await EventsAsync()).Any(e => e.Reason == "OtherDhcpServerGone"));
        Assert.Single(await EventsAsync(), e => e.Reason == "OtherDhcpServer");
    }

    private async Task<IReadOnlyList<Domain.Events.FleetEvent>> EventsAsync()
    {
        var log = coordinator.Service<IEventLog>();
        return [.. (await log.ListAsync(long.MaxValue, 100, TestContext.Current.CancellationToken)).Select(e => e.Event)];
    }

    private async Task<Contracts.V1.Condition> OnlyDhcpServerAsync()
    {
        var grain = Grains.GetGrain<IRackGrain>("r1");
        var rack = RackMap.ToProto((await grain.Get())!, "", await grain.Liveness(), []);
        return rack.Status.Conditions.Single(c => c.Type == "OnlyDhcpServer");
    }

    private static BootProgress Boot(string session, BootStage stage) => new()
    {
        SessionId = session, Stage = stage, Mac = "52:54:00:00:00:01", Uuid = Uuid, Address = "10.0.0.9",
        Firmware = Firmware.Bios, Architecture = Architecture.Amd64,
    };
}
