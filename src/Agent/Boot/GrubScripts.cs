using System.Text.RegularExpressions;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>
/// GRUB scripts. Nothing that a machine sent is in them, and what comes from the coordinator stands in single quotes, between which
/// GRUB expands nothing. GRUB knows no relative paths over HTTP, so they name the agent.
/// </summary>
internal sealed partial class GrubScripts(Uri agent) : IBootScripts
{
    // Other ports than 80 are understood from GRUB 2.12 on.
    private readonly string agent = agent.IsDefaultPort ? $"(http,{agent.Host})/boot" : $"(http,{agent.Host}:{agent.Port})/boot";

    /// <summary>
    /// What GRUB's own configuration goes on with: asks every ten seconds, until the agent falls silent or forgot the session; then the
    /// machine starts over. A loop, because a script that calls itself would fill the stack of a machine that waits.
    /// </summary>
    public string Loop(string session) =>
        $"""
        answered=yes
        while [ "$answered" = yes ]; do
          answered=no
          source {agent}/{session}/script.grub
          sleep 10
        done
        reboot

        """;

    // `source` does not tell whether it found its file: the script itself says that it is here.
    public string Netboot(BootPlan plan, string session, BootFiles files, PushTargets push)
    {
        var arguments = KernelArguments.For(plan, files.Firmware, push).SelectMany(entry => Words().Matches(entry)).Select(Argument);
        return $"""
            answered=yes
            echo {Quoted($"Cozy Fleet: {plan.Reason} (boot {session})")}
            if linux {agent}/{session}/assets/{files.Kernel.Sha256}/vmlinuz {string.Join(' ', arguments)}; then
              if initrd {agent}/{session}/assets/{files.Initramfs.Sha256}/initramfs; then
                boot
              fi
            fi
            failed="x$failed"
            if [ "$failed" = xxxxxxxxxx ]; then
              reboot
            fi

            """;
    }

    // GRUB's exit is a success to most firmware, which then shows its menu: so it starts the disk's loader, at the path where every
    // firmware looks for one.
    public string Disk(BootPlan plan, string session, ClientFirmware firmware)
    {
        var loader = $"/EFI/BOOT/{(firmware == ClientFirmware.UefiArm64 ? "BOOTAA64" : "BOOTX64")}.EFI";
        return $"""
            answered=yes
            echo {Quoted($"Cozy Fleet: local disk, {plan.Reason} (boot {session})")}
            if search --no-floppy --set=root --file {loader}; then
              chainloader {loader}
              boot
            fi
            exit 1

            """;
    }

    public string Hold(BootPlan plan, string session) =>
        $"""
        answered=yes
        echo {Quoted($"Cozy Fleet: waiting, {plan.Reason} (boot {session})")}

        """;

    // GRUB puts an argument with spaces into double quotes by itself, as the kernel reads it.
    private static string Argument(Match word) => Quoted(word.Value.Replace("\"", "", StringComparison.Ordinal));

    private static string Quoted(string text) =>
        $"'{new string([.. text.Select(c => c is < ' ' or > '~' ? '.' : c)]).Replace("'", @"'\''", StringComparison.Ordinal)}'";

    [GeneratedRegex("""(?:"[^"]*(?:"|$)|[^" ])+""")]
    private static partial Regex Words();
}
