using System.Security.Cryptography;
using Cozy.Fleet.Agent.Tests.Power;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Simulator;

namespace Cozy.Fleet.Scenarios;

/// <summary>From the CLI by coordinator, agent and BMC to a machine that really goes off and on, and back to the API (docs/power.md).</summary>
public sealed class PowerTests
{
    [Fact]
    public async Task A_machine_is_switched_by_its_BMC_and_the_API_tells_what_becomes_of_it()
    {
        await using var fleet = await RunningFleet.StartAsync(nodes: 1, nativeAgent: Built.NativeAgent);
        await using var rack = fleet.Rack(machines: 1, seed: 6);
        var plug = rack.PlugOf(rack.Machines[0]);
        await using var bmc = await RedfishMock.StartAsync();
        bmc.Power = "On";
        bmc.Switched += way => Switch(plug, way);
        plug.On();
        await fleet.UntilAsync("up", view => view.Nodes.Any(IsUp));
        var (name, first) = (fleet.View.Nodes.Single().Metadata.Name, fleet.View.Nodes.Single().Status.BootId);
        await NodeAsync("bmc", "set", name, "--kind", "redfish", "--address", bmc.Address, "--user", RedfishMock.Username,
            "--password-file", "-", "--fingerprint", bmc.Certificate.GetCertHashString(HashAlgorithmName.SHA256));
        Assert.Matches(@"Power: +On", await NodeAsync("power", name, "status"));

        await NodeAsync("power", name, "off");
        Assert.False(plug.IsOn);
        Assert.Matches(@"Power: +Off", await NodeAsync("power", name, "status"));

        await NodeAsync("power", name, "on");
        await fleet.UntilAsync("up again", view => IsUp(view.Nodes.Single()) && view.Nodes.Single().Status.BootId != first);
        var second = fleet.View.Nodes.Single().Status.BootId;

        await NodeAsync("power", name, "cycle", "--force", "--next-boot", "network");
        await fleet.UntilAsync("cycled", view => IsUp(view.Nodes.Single()) && view.Nodes.Single().Status.BootId != second);
        Assert.Equal(3, rack.History.Count(e => e.What == "netboot"));

        Task<string> NodeAsync(params string[] arguments) =>
            CozyFleetCommand.RunAsync(fleet.Directory, RedfishMock.Password, ["node", .. arguments]);
    }

    private static bool IsUp(Node node) => node.Status.Stage == MachineStage.Maintenance;

    private static void Switch(PowerPlug plug, string way)
    {
        if (way != "On")
            _ = plug.OffAsync(); // As a BMC does: it does not wait for the machine.
        if (way is "On" or "ForceRestart" or "PowerCycle")
            plug.On();
    }
}
