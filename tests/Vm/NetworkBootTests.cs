using System.Diagnostics;

namespace Cozy.Fleet.Vm;

/// <summary>
/// Real firmware boots over a real bridge through the real agent, and a machine becomes a cluster. `./fleet vm` shows the same with
/// its consoles.
/// </summary>
public sealed class NetworkBootTests(ITestOutputHelper output)
{
    // A boot takes under a minute on idle cores. Other tests want the cores as well, and a machine that dies is noticed at once.
    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(10);

    private readonly Stopwatch watch = Stopwatch.StartNew();

    [Fact]
    public async Task Bios_and_uefi_machines_reach_maintenance_and_one_becomes_a_cluster()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var guest = FleetInNamespace.InRepository(".run/vm");
        await Prerequisites.RequireAsync(guest, cancellation);
        var directory = Path.Combine(guest, "last-test");
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);

        await using var network = await RackNetwork.CreateAsync(cancellation);
        await using var fleet = new FleetInNamespace(network, directory);
        try
        {
            await fleet.StartAsync(guest, cancellation);
            Say("coordinator and agent are ready");
            var kinds = Enum.GetValues<MachineKind>();
            foreach (var kind in kinds)
                await fleet.PowerOnAsync(kind, cancellation);
            await Task.WhenAll(kinds.Select(kind => BootAsync(fleet, kind, cancellation)));
            await TakeIntoClusterAsync(fleet, VirtualMachine.Uuid(MachineKind.BiosVirtio), cancellation);
            await KeepAsync(fleet, cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{failure.Message}\n{fleet.Tails()}", failure);
        }
    }

    private async Task BootAsync(FleetInNamespace fleet, MachineKind kind, CancellationToken cancellation)
    {
        var powerOn = watch.Elapsed;
        var node = await fleet.UntilAsync(
            VirtualMachine.Uuid(kind), seen => seen.Stage == "MACHINE_STAGE_MAINTENANCE", BootLimit, cancellation);
        Assert.Equal(kind == MachineKind.UefiVirtio ? "FIRMWARE_UEFI" : "FIRMWARE_BIOS", node.Firmware);
        Say($"{kind} is in maintenance mode, {(watch.Elapsed - powerOn).TotalSeconds:0.0} s after power-on");
    }

    private async Task TakeIntoClusterAsync(FleetInNamespace fleet, string node, CancellationToken cancellation)
    {
        await fleet.CliAsync(["node", "accept", node], cancellation);
        await fleet.ApplyAsync("cluster", Documents.Cluster(node), cancellation);
        await fleet.UntilAsync(node, seen => seen.Phase == "NODE_PHASE_RUNNING", BootLimit, cancellation);
        var kubeconfig = await fleet.CliAsync(["cluster", "kubeconfig", "solo"], cancellation);
        Assert.Contains("clusters:", kubeconfig, StringComparison.Ordinal);
        Say("one of them is a cluster of its own, and its kubeconfig is here");
    }

    private async Task KeepAsync(FleetInNamespace fleet, CancellationToken cancellation)
    {
        if (!Show.Keeps)
            return;
        Say($"the machines stay until Ctrl-C; look around with\n{fleet.CliCommand} get nodes");
        await new TaskCompletionSource().Task.WaitAsync(cancellation); // Nothing but Ctrl-C ends it.
    }

    private void Say(string what)
    {
        var line = $"{watch.Elapsed.TotalSeconds,6:0.0} s  {what}";
        output.WriteLine(line);
        Show.Line("fleet", line);
    }
}
