namespace Cozy.Fleet.Vm;

/// <summary>
/// A machine's whole way: from the network to maintenance, accepted, configured, installed on its disk, a cluster; and from then on
/// its own disk, although its firmware tries the network first. `./fleet vm` shows it with the consoles.
/// </summary>
public sealed class InstallationTests(ITestOutputHelper output)
{
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public Task Machines_install_and_start_from_their_disk_although_their_firmware_tries_the_network_first() =>
        RackRun.InAsync(new("Installation", Arrangement.Server, GuestFiles.Installer), output, async run =>
        {
            Machine[] machines = [new(MachineKind.BiosVirtio, HasDisk: true), new(MachineKind.UefiPxe, HasDisk: true)];
            await Task.WhenAll(machines.Select(machine => LiveAsync(run, machine)));
            await KeepAsync(run);
        });

    private async Task LiveAsync(RackRun run, Machine machine)
    {
        await run.Fleet.PowerOnAsync(machine, cancellation);
        await run.UntilConsoleAsync(machine, "init: up from the network");
        var node = await run.UntilAsync(machine, seen => seen.Stage == "MACHINE_STAGE_MAINTENANCE");
        Assert.Equal(machine.IsBios ? "FIRMWARE_BIOS" : "FIRMWARE_UEFI", node.Firmware);
        run.Say($"{machine.Kind} is in maintenance mode");

        await TakeIntoClusterAsync(run, machine);
        await run.UntilConsoleAsync(machine, "disk: installed on /dev/vda");
        await run.UntilConsoleAsync(machine, "Cozy Fleet: local disk");
        await run.UntilConsoleAsync(machine, "init: up from the disk");
        var installed = await run.UntilAsync(machine, seen => seen is { Phase: "NODE_PHASE_RUNNING", Ready: true });
        run.Say($"{machine.Kind} is installed and is a cluster of its own");

        await run.Fleet.PowerCycleAsync(machine);
        await run.UntilConsoleAsync(machine, "Cozy Fleet: local disk");
        await run.UntilConsoleAsync(machine, "init: up from the disk");
        await run.UntilAsync(machine, seen => seen is { Phase: "NODE_PHASE_RUNNING", Ready: true } && seen.BootId != installed.BootId);
        run.Say($"{machine.Kind} lost its power, asked the network, and runs from its disk again");
    }

    private async Task TakeIntoClusterAsync(RackRun run, Machine machine)
    {
        var cluster = $"{machine.Kind}".ToLowerInvariant();
        await run.Fleet.CliAsync(["node", "accept", machine.Uuid], cancellation);
        await run.Fleet.ApplyAsync(cluster, Documents.Cluster(cluster, machine.Uuid), cancellation);
    }

    private async Task KeepAsync(RackRun run)
    {
        if (!Show.Keeps)
            return;
        run.Say($"the machines stay until Ctrl-C; look around with\n{run.Fleet.CliCommand} get nodes");
        await new TaskCompletionSource().Task.WaitAsync(cancellation); // Nothing but Ctrl-C ends it.
    }
}
