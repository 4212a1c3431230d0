using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What Talos' kernel is started with, by version (talos.md 3.8).</summary>
internal static class KernelArguments
{
    /// <summary>An entry may hold several arguments. The image's own come behind ours, the order to wipe comes last.</summary>
    public static IEnumerable<string> For(BootPlan plan, ClientFirmware firmware, PushTargets push)
    {
        var image = plan.Image!;
        var minor = Primitives.SemanticVersion.TryParse(image.TalosVersion, out var version) ? version.Minor : int.MaxValue;
        yield return "talos.platform=metal";
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
}
