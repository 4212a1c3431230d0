using System.Net;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Commands;
using Cozy.Fleet.Agent.Observe;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Simulator.Tests;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Tests.Commands;

/// <summary>Configs that could cut a simulated control plane off, tried through the agent.</summary>
public sealed class ConfigTrialTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly TestRack rack = new("v1.12.11", 1);
    private CommandActions actions = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IPAddress Present => rack.Addresses[0];

    private IPAddress Other => IPAddress.Parse($"{Present.ToString()[..Present.ToString().LastIndexOf('.')]}.200");

    public async ValueTask InitializeAsync()
    {
        var dial = new NodeDial(new(), new(new DesiredStateStore(directory.Path), new BootSessions(TimeProvider.System)));
        actions = new(dial, power: null!, TimeProvider.System);
        await rack.BringUpAsync(controlPlanes: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await rack.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_node_that_is_found_at_its_new_address_keeps_the_config()
    {
        var config = With($"addresses: [{Other}/24]");
        var result = await TryAsync(config, Other);

        Assert.Equal((CommandOutcome.Succeeded, $"tried, and kept: it answers at {Other}"), (result.Outcome, result.Message));
        Assert.Equal(config, rack.Machines[0].Disk.Config);
        Assert.Equal(0, rack.Count(0, "reverted"));
    }

    [Fact]
    public async Task A_node_that_is_not_found_again_goes_back_before_anybody_elses_turn()
    {
        var before = rack.Machines[0].Disk.Config;
        // TEST-NET-1: no machine of ours has it.
        var result = await TryAsync(With("addresses: [192.0.2.9/24]"), IPAddress.Parse("192.0.2.9"));

        Assert.Equal((CommandOutcome.Failed, FailureClass.Environment), (result.Outcome, result.FailureClass));
        Assert.Equal($"with this config the node did not answer at 192.0.2.9 or {Present}, so it was not confirmed, and the node took it back",
            result.Message);
        Assert.Equal(1, rack.Count(0, "reverted"));
        Assert.Equal(before, rack.Machines[0].Disk.Config);
        Assert.Equal("v1.12.11", (await TestRack.Read(rack.Secure(0)).ViewAsync()).Version);
    }

    [Fact]
    public async Task What_does_not_move_the_node_is_kept_where_it_is()
    {
        var result = await TryAsync(With("mtu: 9000"));

        Assert.Equal((CommandOutcome.Succeeded, $"tried, and kept: it answers at {Present}"), (result.Outcome, result.Message));
    }

    [Fact]
    public async Task What_the_node_does_not_try_is_told_in_its_words()
    {
        var result = await TryAsync(Patched("machine: {env: {a: b}}"));

        Assert.Equal((CommandOutcome.Failed, "InvalidArgument: this config change can't be applied in immediate mode: machine.env"),
            (result.Outcome, result.Message));
    }

    private string With(string link) => Patched($"machine: {{network: {{interfaces: [{{interface: eth0, {link}}}]}}}}");

    private string Patched(string patch) =>
        LayeredConfig.Apply(rack.Config(0, MachineType.ControlPlane), [new("test", [patch])], out _)!.Text;

    private Task<CommandResult> TryAsync(string config, params IPAddress[] addresses)
    {
        var issued = Credentials.Talos(TestRack.Secrets, "os:admin", TimeSpan.FromHours(1), TimeProvider.System.GetUtcNow());
        var command = new Command
        {
            OperationId = "1", Node = "n", Address = Present.ToString(),
            Talos = new() { Ca = TestRack.Secrets.Os.Certificate, Certificate = issued.Certificate, Key = issued.Key },
            ApplyConfiguration = new()
            {
                Config = ByteString.CopyFromUtf8(config), Mode = ApplyMode.Try, TryTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(8)),
            },
        };
        command.ApplyConfiguration.Addresses.AddRange(addresses.Select(a => a.ToString()));
        return actions.ExecuteAsync(command, _ => { }, Token);
    }
}
