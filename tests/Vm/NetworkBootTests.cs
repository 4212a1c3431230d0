[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)] // Two machines at a time are what two cores bear.

namespace Cozy.Fleet.Vm;

/// <summary>
/// Each kind of firmware boots over a real bridge through the real agent: alone, beside another DHCP server, and behind a relay. A row
/// is an arrangement with the machines that are switched on in it together.
/// </summary>
public sealed class NetworkBootTests(ITestOutputHelper output)
{
    private readonly CancellationToken cancellation = TestContext.Current.CancellationToken;

    /// <summary>Installing machines are rows of their own: <see cref="InstallationTests"/>.</summary>
    public static TheoryData<Arrangement, MachineKind[]> Rows => new()
    {
        { Arrangement.Server, [MachineKind.BiosE1000, MachineKind.UefiHttp] },
        { Arrangement.BesideDnsmasq, [MachineKind.BiosVirtio, MachineKind.UefiPxe] },
        { Arrangement.BesideKea, [MachineKind.UefiHttp] },
        { Arrangement.Ipv6, [MachineKind.UefiPxe6] },
        { Arrangement.BehindRelay, [MachineKind.BiosVirtio, MachineKind.UefiPxe] },
    };

    /// <summary>Rows of `./fleet vm --all`.</summary>
    public static TheoryData<Arrangement, MachineKind[]> HeavyRows => new()
    {
        { Arrangement.BesideDnsmasq, [MachineKind.BiosE1000, MachineKind.UefiHttp] },
        { Arrangement.BesideKea, [MachineKind.BiosVirtio, MachineKind.UefiPxe] },
        { Arrangement.BehindRelay, [MachineKind.BiosE1000, MachineKind.UefiHttp] },
        { Arrangement.Server, [MachineKind.Arm64Http] },
        { Arrangement.Server, [MachineKind.Arm64Pxe] },
        { Arrangement.Ipv6, [MachineKind.UefiHttp6] },
        { Arrangement.BesideDnsmasq, [MachineKind.Arm64Http] },
        { Arrangement.BehindRelay, [MachineKind.Arm64Http] },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Firmware_boots_the_system_that_the_agent_names(Arrangement arrangement, MachineKind[] kinds) => BootAsync(arrangement, kinds);

    [Theory]
    [MemberData(nameof(HeavyRows))]
    public Task Firmware_boots_in_every_other_arrangement_too(Arrangement arrangement, MachineKind[] kinds)
    {
        Assert.SkipUnless(Show.All, "It takes long; `./fleet vm --all` runs it.");
        return BootAsync(arrangement, kinds);
    }

    private Task BootAsync(Arrangement arrangement, MachineKind[] kinds) =>
        RackRun.InAsync(new($"{arrangement}-{string.Join('-', kinds)}", arrangement, GuestFiles.Diskless), output, async run =>
            await Task.WhenAll(kinds.Select(kind => BootAsync(run, new(kind), hasMenu: arrangement == Arrangement.BesideDnsmasq))));

    private async Task BootAsync(RackRun run, Machine machine, bool hasMenu)
    {
        await run.Fleet.PowerOnAsync(machine, cancellation);
        if (hasMenu && !machine.IsArm) // Its loader is the system itself.
            await run.UntilConsoleAsync(machine, "Start the local disk");
        await run.UntilConsoleAsync(machine, "init: up from the network");
        // The guest of arm64 has no Talos to play, and the other one knows IPv4 alone.
        if (machine is { IsArm: false, HasIpv6Alone: false })
        {
            var node = await run.UntilAsync(machine, seen => seen.Stage == "MACHINE_STAGE_MAINTENANCE");
            Assert.Equal(machine.IsBios ? "FIRMWARE_BIOS" : "FIRMWARE_UEFI", node.Firmware);
        }
        run.Say($"{machine.Kind} is up");
    }
}
