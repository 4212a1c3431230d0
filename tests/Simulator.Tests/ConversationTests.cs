using System.Text;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Talos;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>One machine's way from its first boot to a running node, as the client sees it, on both sides of each border between releases.</summary>
public sealed class ConversationTests
{
    // What stands after "<" is the node's; talos.md 3.2 (version and boot before 1.13), 3.3, 8.1, 2.3.
    [Theory]
    [InlineData("v1.6.8", "", false)]
    [InlineData("v1.12.11", "v1.12.11", false)]
    [InlineData("v1.13.9", "v1.13.9", true)]
    [InlineData("v1.14.0-rc.1", "v1.14.0-rc.1", true)]
    public async Task Maintenance_apply_install_bootstrap_running(string version, string toldInMaintenance, bool bootIsTold)
    {
        await using var rack = new TestRack(version, 1);
        var said = new List<string>();
        await rack.UntilAsync(0, "maintenance");
        var maintenance = rack.Maintenance(0);
        var first = await TestRack.Read(maintenance).ViewAsync();
        said.Add(Line(first));

        var config = Encoding.UTF8.GetBytes(rack.Config(0, MachineType.ControlPlane));
        said.Add("> apply");
        said.Add(Line(await TestRack.Operate(maintenance).ApplyAsync(config, dryRun: false)));
        await rack.UntilAsync(0, "diskboot");
        said.Add(Line(await WaitingForBootstrapAsync(rack)));
        said.Add(await EtcdStateAsync(rack));
        said.Add("> bootstrap");
        await rack.BootstrapAsync(0);
        said.Add("> bootstrap");
        said.Add(Line(await TestRack.Operate(rack.Secure(0)).BootstrapAsync()));
        await rack.UntilAsync(0, "ready");
        var running = await TestRack.Read(rack.Secure(0, "os:reader")).ViewAsync();
        said.Add(Line(running));

        Assert.Equal(
            [
                $"< maintenance {toldInMaintenance} ready",
                "> apply", "< None",
                $"< booting {version} installed services: etcd not running",
                "< etcd Preparing",
                "> bootstrap",
                "> bootstrap", "< Permanent AlreadyExists: etcd data directory is not empty",
                $"< running {version} installed ready",
            ],
            said);
        Assert.Equal((bootIsTold, true), (first.BootId != "", running.BootId != "" && running.BootId != first.BootId));
        Assert.Equal(
            ["on", "netboot", "maintenance", "config", "installer", "install", "diskboot", "bootstrap", "ready"],
            rack.History.Select(e => e.What));
    }

    // The node boots on; each try is another look at it.
    private static async Task<TalosView> WaitingForBootstrapAsync(TestRack rack)
    {
        while (true)
        {
            try
            {
                return await TestRack.Read(rack.Secure(0, "os:reader")).ViewAsync();
            }
            catch (Grpc.Core.RpcException)
            {
                TestRack.Cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    private static async Task<string> EtcdStateAsync(TestRack rack)
    {
        var services = await TestRack.Raw(rack.Secure(0)).ServiceListAsync(new Empty(), cancellationToken: TestRack.Cancellation);
        return $"< etcd {services.Messages[0].Services.Single(s => s.Id == "etcd").State}";
    }

    private static string Line(TalosView view)
    {
        string[] stages = ["unknown", "booting", "installing", "maintenance", "running"];
        var unmet = view.UnmetConditions.Where(c => c.Name == "services").Select(c => $"{c.Name}: {c.Reason}");
        return string.Join(' ',
            [$"< {stages[view.Stage]} {view.Version}", .. view.Installed ? ["installed"] : Array.Empty<string>(), .. view.Ready
                ? ["ready"] : unmet]);
    }

    private static string Line(TalosResult result) => $"< {result.Failure} {result.Message}".TrimEnd();
}
