namespace Cozy.Fleet.Vm;

/// <summary>
/// An arm64 machine that has nothing but PXE boots the image's kernel and initramfs through GRUB. It has a disk with a system on it, which
/// starts when the machine is rejected.
/// </summary>
public sealed class GrubTests(ITestOutputHelper output)
{
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Arrangement.Server)] // A rejected machine's firmware does not get the loader and goes on to the disk.
    [InlineData(Arrangement.BesideDnsmasq)] // This rack has a menu: the loader is served, and it is GRUB that starts the disk.
    public Task A_machine_boots_through_GRUB_and_from_its_disk_when_it_is_rejected(Arrangement arrangement)
    {
        Assert.SkipUnless(Show.All, "It takes long; `./fleet vm --all` runs it.");
        var isProxy = arrangement == Arrangement.BesideDnsmasq;
        var loader = isProxy ? Scene.GrubOfProxy : Scene.Grub;
        return RackRun.InAsync(new($"Grub-{arrangement}", arrangement, GuestFiles.Arm64) { Arm64Loader = loader }, output, async run =>
        {
            var machine = new Machine(MachineKind.Arm64Grub, HasDisk: true);
            await run.Fleet.PowerOnAsync(machine, cancellation);
            await run.UntilConsoleAsync(machine, "init: up from the network");
            await IsOneBootAsync(run, machine);
            run.Say($"{machine.Kind} is up");

            await run.Fleet.CliAsync(["node", "reject", machine.Uuid], cancellation);
            await run.Fleet.PowerCycleAsync(machine);
            if (isProxy)
                await run.UntilConsoleAsync(machine, "Cozy Fleet: local disk");
            await run.UntilConsoleAsync(machine, "init: up from the disk");
            run.Say($"{machine.Kind} was rejected and runs from its disk");
        });
    }

    // From the loader to the last byte of the initramfs everything is told of one session, which is one trace.
    private static async Task IsOneBootAsync(RackRun run, Machine machine)
    {
        var last = await run.UntilAgentAsync($"of {machine.Mac(0)}: InitramfsFetched");
        var session = last.Split(" boot ")[1].Split(' ')[0];
        foreach (var stage in new[] { "DhcpOffered", "LoaderFetched", "ScriptServed", "KernelFetched" })
            Assert.Contains(session, await run.UntilAgentAsync($"of {machine.Mac(0)}: {stage}"), StringComparison.Ordinal);
    }
}
