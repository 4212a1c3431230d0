using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Simulator.Firmware;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class IpxeScriptsTests
{
    private static readonly BootAsset Kernel = new() { Sha256 = new string('a', 64) };
    private static readonly BootAsset Initramfs = new() { Sha256 = new string('b', 64) };
    private static readonly BootFiles Files = new(Kernel, Initramfs, ClientFirmware.UefiX64);
    private static readonly IpxeScripts Scripts = new();
    private static readonly PushTargets Push = new("10.1.0.1:3247", "tcp://10.1.0.1:3248");

    [Fact]
    public async Task The_script_loads_kernel_and_initramfs_with_what_the_version_needs()
    {
        var fetched = new List<string>();

        var result = await RunAsync(Script("v1.12.0", "console=ttyS1 talos.config=http://x/?a=1&b=2"), file =>
        {
            fetched.Add(file);
            return true;
        });

        var boot = Assert.IsType<IpxeResult.Boot>(result);
        Assert.Equal([$"assets/{Kernel.Sha256}/vmlinuz", $"assets/{Initramfs.Sha256}/initramfs"], fetched);
        Assert.StartsWith("initrd=initramfs talos.platform=metal console=tty0 ", boot.CommandLine, StringComparison.Ordinal);
        Assert.Contains("module.sig_enforce=1", boot.CommandLine, StringComparison.Ordinal);
        Assert.EndsWith("console=ttyS1 talos.config=http://x/?a=1&b=2", boot.CommandLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("console=ttyS1", "talos.events.sink=10.1.0.1:3247 talos.logging.kernel=tcp://10.1.0.1:3248 console=ttyS1")]
    [InlineData("talos.events.sink=10.9.9.9:1 panic=0", "talos.logging.kernel=tcp://10.1.0.1:3248 talos.events.sink=10.9.9.9:1 panic=0")]
    [InlineData("a=b talos.logging.kernel=udp://10.9.9.9:1", "talos.events.sink=10.1.0.1:3247 a=b talos.logging.kernel=udp://10.9.9.9:1")]
    public async Task A_machine_is_told_where_to_push_unless_its_image_says_that(string image, string end)
    {
        var boot = Assert.IsType<IpxeResult.Boot>(await RunAsync(Script("v1.12.0", image), _ => true));

        Assert.EndsWith(end, boot.CommandLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_kernel_wipes_the_disk_only_when_a_person_asked_for_it(bool wipe)
    {
        var script = Scripts.Netboot(Plan("v1.12.0") with { Wipe = wipe }, "abc", Files, PushTargets.None);

        var boot = Assert.IsType<IpxeResult.Boot>(await RunAsync(script, _ => true));
        Assert.Equal(wipe, boot.CommandLine.Split(' ').Contains("talos.experimental.wipe=system"));
    }

    [Fact]
    public async Task An_agent_that_takes_nothing_tells_nobody_to_push()
    {
        var script = Scripts.Netboot(Plan("v1.12.0"), "abc", Files, PushTargets.None);

        var boot = Assert.IsType<IpxeResult.Boot>(await RunAsync(script, _ => true));
        Assert.DoesNotContain("talos.events", boot.CommandLine, StringComparison.Ordinal);
        Assert.DoesNotContain("talos.logging", boot.CommandLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_had_is_asked_for_again_and_in_the_end_the_machine_starts_over()
    {
        var tries = 0;

        Assert.IsType<IpxeResult.Reboot>(await RunAsync(Script("v1.12.0"), _ => ++tries < 0));
        Assert.Equal(10, tries);
    }

    [Theory]
    [InlineData(BootAction.Disk)]
    [InlineData(BootAction.Hold)]
    [InlineData(BootAction.Netboot)]
    public void Nothing_that_came_from_outside_becomes_a_command(BootAction action)
    {
        const string Evil = "x\nkernel http://evil/\r\n${net0/mac} || shell && reboot\u001b[2J";
        var plan = Plan("v1.12.0", Evil) with { Reason = Evil };

        var script = action switch
        {
            BootAction.Disk => Scripts.Disk(plan, "abc", ClientFirmware.Bios),
            BootAction.Hold => Scripts.Hold(plan, "abc"),
            _ => Scripts.Netboot(plan, "abc", Files, Push),
        };

        var clean = action switch
        {
            BootAction.Disk => Scripts.Disk(Plan("v1.12.0"), "abc", ClientFirmware.Bios),
            BootAction.Hold => Scripts.Hold(Plan("v1.12.0"), "abc"),
            _ => Scripts.Netboot(Plan("v1.12.0"), "abc", Files, Push),
        };
        Assert.Equal(clean.Split('\n').Length, script.Split('\n').Length);
        Assert.Equal(Count(clean, "||"), Count(script, "||"));
        Assert.Equal(Count(clean, "&&"), Count(script, "&&"));
        Assert.Equal(Count(clean, "${"), Count(script, "${"));
        Assert.DoesNotContain(script, c => c != '\n' && char.IsControl(c));
    }

    [Theory]
    [InlineData(ClientFirmware.Bios, "sanboot --no-describe --drive 0x80 || exit 0")]
    [InlineData(ClientFirmware.UefiX64, "exit 1")]
    public async Task The_disk_is_left_to_by_the_way_of_the_firmware(ClientFirmware firmware, string command)
    {
        var script = Scripts.Disk(Plan("v1.12.0"), "abc", firmware);

        Assert.Contains(command, script, StringComparison.Ordinal);
        Assert.IsType<IpxeResult.Disk>(await RunAsync(script, _ => false));
    }

    [Fact]
    public async Task A_machine_that_must_wait_asks_again() =>
        Assert.Equal(new IpxeResult.Chain("script.ipxe", 10), await RunAsync(Scripts.Hold(Plan("v1.12.0"), "abc"), _ => false));

    [Fact]
    public async Task With_nobody_at_the_console_the_menu_leads_to_what_was_decided() => Assert.Equal(
        new IpxeResult.Chain("script.ipxe?choice=decided", 0),
        await RunAsync(IpxeScripts.Menu(Plan("v1.12.0"), "abc", TimeSpan.FromSeconds(5)), _ => false));

    [Fact]
    public void The_menu_waits_as_long_as_the_rack_says_and_names_the_decision_first()
    {
        var script = IpxeScripts.Menu(Plan("v1.12.0"), "abc", TimeSpan.FromSeconds(5));

        Assert.Contains("\nmenu Cozy Fleet one (boot abc) || goto decided\nitem decided Load talos from the network: install\n", script, StringComparison.Ordinal);
        Assert.Contains("\nchoose --default decided --timeout 5000 chosen || goto decided\n", script, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_came_from_outside_becomes_an_entry_of_the_menu()
    {
        const string Evil = "x\nitem evil Evil\r\n${net0/mac} || shell && reboot\u001b[2J";
        var plan = Plan("v1.12.0") with { Reason = Evil, Node = Evil };

        var (script, clean) = (IpxeScripts.Menu(plan, "abc", TimeSpan.FromSeconds(5)), IpxeScripts.Menu(Plan("v1.12.0"), "abc", TimeSpan.FromSeconds(5)));

        Assert.Equal(Count(clean, "\n"), Count(script, "\n"));
        Assert.Equal((Count(clean, "||"), Count(clean, "&&"), Count(clean, "${")), (Count(script, "||"), Count(script, "&&"), Count(script, "${")));
        Assert.DoesNotContain(script, c => c != '\n' && char.IsControl(c));
    }

    private static string Script(string version, params string[] arguments) =>
        Scripts.Netboot(Plan(version, arguments), "abc", Files, Push);

    private static BootPlan Plan(string version, params string[] arguments)
    {
        var image = new BootImage { Name = "talos", TalosVersion = version };
        image.KernelArgs.AddRange(arguments);
        return new(BootAction.Netboot, image, "install", "one", "", "");
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static Task<IpxeResult> RunAsync(string script, Func<string, bool> fetch) => new IpxeScript(
        new Dictionary<string, string>(), (file, _) => Task.FromResult(fetch(file))).RunAsync(script, TestContext.Current.CancellationToken);
}
