using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What a machine loads, by its firmware.</summary>
internal sealed record BootFiles(BootAsset Kernel, BootAsset Initramfs, ClientFirmware Firmware);

/// <summary>
/// iPXE scripts. Nothing that a machine sent is in them: names come from the coordinator and pass <see cref="Safe"/>, because a line
/// break or a <c>${</c> would be a command (netboot.md 22).
/// </summary>
internal static class BootScripts
{
    /// <summary>Loads kernel and initramfs, each with retries; a machine that cannot goes through its firmware again.</summary>
    public static string Netboot(BootPlan plan, string session, BootFiles files, PushTargets push)
    {
        var arguments = string.Join(' ', KernelArguments(plan, files.Firmware, push).Select(Safe));
        return $$"""
            #!ipxe
            echo Cozy Fleet: {{Safe(plan.Reason)}} (boot {{session}})
            set tries:int32 0
            :load
            imgfree
            kernel assets/{{files.Kernel.Sha256}}/vmlinuz {{arguments}} || goto again
            initrd --name initramfs assets/{{files.Initramfs.Sha256}}/initramfs || goto again
            boot || goto again
            :again
            inc tries
            iseq ${tries} 10 && reboot ||
            sleep 3
            goto load

            """;
    }

    /// <summary>
    /// What a person at the console may choose; when nobody does in time, the decision is carried out, and so it is by an iPXE that was
    /// built without menus. No choice leads to a write: the disk, what was decided, or once more from the start.
    /// </summary>
    public static string Menu(BootPlan plan, string session, TimeSpan timeout) =>
        $$"""
        #!ipxe
        menu Cozy Fleet {{Safe(plan.Node)}} (boot {{session}}) || goto decided
        item decided {{Safe(Entry(plan))}}
        item disk Start the local disk
        item again Ask again what to do
        item restart Restart the machine
        choose --default decided --timeout {{(long)timeout.TotalMilliseconds}} chosen || goto decided
        goto ${chosen}
        :disk
        chain --replace script.ipxe?choice=disk || goto again
        :again
        chain --replace script.ipxe || reboot
        :restart
        reboot
        :decided
        chain --replace script.ipxe?choice=decided || reboot

        """;

    /// <summary>The machine's own disk, by the way that works on most firmware of its kind (netboot.md 14.7).</summary>
    public static string Disk(BootPlan plan, string session, ClientFirmware firmware) =>
        $"""
        #!ipxe
        echo Cozy Fleet: local disk, {Safe(plan.Reason)} (boot {session})
        {(firmware == ClientFirmware.Bios ? "sanboot --no-describe --drive 0x80 || exit 0" : "exit 1")}

        """;

    /// <summary>Wait, then ask again: nothing is loaded, nothing is written.</summary>
    public static string Hold(BootPlan plan, string session) =>
        $"""
        #!ipxe
        echo Cozy Fleet: waiting, {Safe(plan.Reason)} (boot {session})
        sleep 10
        chain --replace script.ipxe || reboot

        """;

    private static string Entry(BootPlan plan) => plan.Action switch
    {
        BootAction.Netboot => $"Load {plan.Image?.Name} from the network: {plan.Reason}",
        BootAction.Hold => $"Wait: {plan.Reason}",
        _ => $"Start the local disk: {plan.Reason}",
    };

    /// <summary>What Talos' kernel needs, by version (talos.md 3.8); the image's own arguments come last.</summary>
    private static IEnumerable<string> KernelArguments(BootPlan plan, ClientFirmware firmware, PushTargets push)
    {
        var image = plan.Image!;
        var minor = Primitives.SemanticVersion.TryParse(image.TalosVersion, out var version) ? version.Minor : int.MaxValue;
        yield return "talos.platform=metal";
        // The kernel's EFI stub must be told which of iPXE's files is the initramfs (netboot.md 14.6); BIOS ignores it.
        yield return "initrd=initramfs";
        if (firmware != ClientFirmware.UefiArm64 && minor < 8)
            yield return "console=ttyS0";
        yield return firmware == ClientFirmware.UefiArm64 ? "console=ttyAMA0 console=tty0" : "console=tty0";
        yield return "slab_nomerge pti=on consoleblank=0 printk.devkmsg=on";
        if (minor < 14)
            yield return "init_on_alloc=1 nvme_core.io_timeout=4294967295";
        if (minor <= 10)
            yield return "ima_template=ima-ng ima_appraise=fix ima_hash=sha512";
        if (minor >= 10)
            yield return "selinux=1";
        if (minor >= 12)
            yield return "module.sig_enforce=1";
        if (minor >= 13)
            yield return "proc_mem.force_override=never";
        // In maintenance mode there is no config that says it: without these nobody hears of a machine before it is looked at.
        foreach (var argument in push.KernelArguments(image.KernelArgs).Concat(image.KernelArgs))
            yield return argument;
        // A config on the disk would win over everything else otherwise (talos.md 3.1).
        if (plan.Wipe)
            yield return "talos.experimental.wipe=system";
    }

    // Commands are joined by the words || and &&, and settings begin with a dollar sign; inside a word a single & is harmless, and
    // kernel arguments hold URLs.
    private static string Safe(string text) => new string([.. text.Select(c => c is < ' ' or '$' or > '~' ? '.' : c)])
        .Replace("||", "..", StringComparison.Ordinal).Replace("&&", "..", StringComparison.Ordinal);
}
