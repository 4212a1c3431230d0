using System.Text.RegularExpressions;
using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed partial class GrubScriptsTests
{
    private static readonly BootFiles Files = new(
        new() { Sha256 = new string('a', 64) }, new() { Sha256 = new string('b', 64) }, ClientFirmware.UefiArm64);

    private static readonly GrubScripts Scripts = new(new("http://10.1.0.1/"));

    [Theory]
    [InlineData("http://10.1.0.1/", "(http,10.1.0.1)/boot/abc/script.grub")]
    [InlineData("http://10.1.0.1:8080/", "(http,10.1.0.1:8080)/boot/abc/script.grub")]
    public void The_loop_asks_the_agent_for_this_boot(string agent, string file) =>
        Assert.Contains($"  source {file}\n", new GrubScripts(new(agent)).Loop("abc"), StringComparison.Ordinal);

    [Fact]
    public void Kernel_arguments_are_words_of_their_own_and_GRUB_quotes_those_with_spaces()
    {
        var script = Script(BootAction.Netboot, "install", "a=b  c=d", "dyndbg=\"file drivers/* +p\" 'x'");

        Assert.Contains(@" 'a=b' 'c=d' 'dyndbg=file drivers/* +p' ''\''x'\'''; then", script, StringComparison.Ordinal);
        Assert.DoesNotContain("initrd=", script, StringComparison.Ordinal); // GRUB hands the initramfs over by itself.
    }

    [Theory]
    [InlineData(ClientFirmware.UefiArm64, "/EFI/BOOT/BOOTAA64.EFI")]
    [InlineData(ClientFirmware.UefiX64, "/EFI/BOOT/BOOTX64.EFI")]
    public void The_disks_own_loader_is_started_where_every_firmware_looks_for_it(ClientFirmware firmware, string loader)
    {
        var script = Scripts.Disk(Plan("installed"), "abc", firmware);

        Assert.Contains($"--file {loader}; then\n  chainloader {loader}\n  boot\n", script, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BootAction.Disk)]
    [InlineData(BootAction.Hold)]
    [InlineData(BootAction.Netboot)]
    public void Nothing_that_came_from_outside_becomes_a_command(BootAction action)
    {
        const string Evil = "x'\nreboot;${net_default_mac}`\\'\"|&{}#\u001b";
        var (script, clean) = (Script(action, Evil, Evil), Script(action, "x", "x"));

        Assert.Equal(OurOwn(clean), OurOwn(script));
        Assert.DoesNotContain(script, c => c != '\n' && char.IsControl(c));
    }

    // What is left when everything quoted is taken out: GRUB expands nothing between single quotes, and there is no escape there.
    private static string OurOwn(string script) => Quoted().Replace(script, "");

    private static string Script(BootAction action, string reason, params string[] arguments) => action switch
    {
        BootAction.Disk => Scripts.Disk(Plan(reason), "abc", ClientFirmware.UefiArm64),
        BootAction.Hold => Scripts.Hold(Plan(reason), "abc"),
        _ => Scripts.Netboot(Plan(reason, arguments), "abc", Files, PushTargets.None),
    };

    private static BootPlan Plan(string reason, params string[] arguments)
    {
        var image = new BootImage { Name = "talos", TalosVersion = "v1.12.0" };
        image.KernelArgs.AddRange(arguments);
        return new(BootAction.Netboot, image, reason, "one", "", "");
    }

    [GeneratedRegex(@"'[^']*'|\\'")]
    private static partial Regex Quoted();
}
