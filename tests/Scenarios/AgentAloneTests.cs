using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Demo;
using Cozy.Fleet.Demo.Processes;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Simulator;
using Google.Protobuf;

namespace Cozy.Fleet.Scenarios;

/// <summary>An agent that was cut off boots machines as before (design I7): real agent, real packets, no coordinator at all.</summary>
public sealed class AgentAloneTests
{
    private const int Machines = 6;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machines_of_both_firmwares_reach_maintenance_from_the_stored_desired_state()
    {
        using var root = new TestDirectory();
        using var network = Loopback.Reserve(Environment.ProcessId);
        var directory = new RunDirectory(root.Path);
        directory.Create();
        await StoreDesiredStateAsync(directory);
        await File.WriteAllTextAsync(directory.AgentConfig, AgentConfigFile.Alone(directory, network), cancellation);

        using var launcher = new Launcher();
        await using var agent = await StartAgentAsync(launcher, directory);
        await using var rack = new SimulatedRack(new(Machines, Wiring(network), Seed: 7, Speed: 50), TimeProvider.System);
        var up = WaitForMaintenance(rack);
        rack.PowerOn();
        var finished = await Task.WhenAny(up, agent.Lost, Task.Delay(Limit, cancellation));

        Assert.True(finished == up, string.Join('\n', rack.History.Select(RunDirectory.LogLine)));
        Assert.Equal(Machines, rack.History.Where(e => e.What == "netboot").Select(e => e.Machine).Distinct().Count());
    }

    private async Task StoreDesiredStateAsync(RunDirectory directory)
    {
        var random = new Random(7);
        var version = SemanticVersion.Parse("v1.13.8");
        await BootFiles.WriteLoadersAsync(directory.Loaders, random, cancellation);
        var image = new BootImage
        {
            Name = "discovery",
            TalosVersion = version.ToString(),
            Assets = { await BootFiles.WriteImageAsync(directory.Images, version, random, cancellation) },
        };
        var state = new DesiredState { Revision = 1, Images = { image }, UnknownAction = BootAction.Netboot, UnknownImage = image.Name };
        Directory.CreateDirectory(directory.AgentData);
        await File.WriteAllBytesAsync(Path.Combine(directory.AgentData, "desired-state.pb"), state.ToByteArray(), cancellation);
    }

    private Task<ChildProcess> StartAgentAsync(Launcher launcher, RunDirectory directory) => ChildProcess.StartAsync(
        "agent", directory.AgentLog,
        launcher.StartAsync(
            "dotnet", [Built.Program("Agent", "cozy-fleet-agent"), "--config", directory.AgentConfig], new Dictionary<string, string>()),
        cancellation);

    private static RackWiring Wiring(Loopback network) => new(new(network.Agent, Loopback.DhcpPort), Loopback.TftpPort, network.Relay);

    private static Task WaitForMaintenance(SimulatedRack rack)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rack.Happened += _ =>
        {
            if (rack.History.Where(e => e.What == "maintenance").Select(e => e.Machine).Distinct().Count() == Machines)
                done.TrySetResult();
        };
        return done.Task;
    }
}
