namespace Cozy.Fleet.Vm;

/// <summary>What the test needs of this machine.</summary>
internal static class Prerequisites
{
    private static readonly string[] Tools = ["ip", "qemu-system-x86_64", "dnsmasq", "kea-dhcp4", "dhcrelay", "dotnet"];

    private static readonly string[] Files =
    [
        "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd",
        "/usr/lib/ipxe/qemu/pxe-virtio.rom", "/usr/lib/ipxe/qemu/pxe-e1000.rom",
        "/usr/lib/ipxe/undionly.kpxe", "/usr/lib/ipxe/snponly.efi",
    ];

    private static readonly string[] Arm64Parts =
        [GuestFiles.Arm64.Initramfs, $"loaders/{Scene.Arm64System}", $"loaders/{Scene.Grub}", $"loaders/{Scene.GrubOfProxy}"];

    private static readonly string[] ArmTools = ["qemu-system-aarch64"];

    private static readonly string[] ArmFiles = ["/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"];

    /// <summary>Skips the test where it cannot run. Where it should run, on the gate's machine with root, what is missing is a failure.</summary>
    public static async Task RequireAsync(string guest, CancellationToken cancellation)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("Network namespaces and taps need root.");
        if (Missing(guest) is { } missing)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true" || Show.IsOn)
                Assert.Fail(missing);
            Assert.Skip(missing);
        }
        if (await ForbiddenAsync(cancellation) is { } forbidden)
            Assert.Skip($"This machine does not allow it: {forbidden}");
    }

    private static string? Missing(string guest)
    {
        var setup = Show.All ? "./fleet setup vm_all" : "./fleet setup vm";
        var missing = Tools.Concat(Show.All ? ArmTools : []).Where(tool => !OnPath(tool))
            .Concat(Files.Concat(Show.All ? ArmFiles : []).Where(file => !File.Exists(file))).ToList();
        if (missing.Count > 0)
            return $"Missing: {string.Join(", ", missing)}. `{setup}` installs it.";
        string[] parts = ["vmlinuz", "initramfs.gz", "installer.gz", .. Show.All ? Arm64Parts : []];
        return Array.TrueForAll(parts, part => File.Exists(Path.Combine(guest, part))) ? null : $"There is no guest to boot; `{setup}` makes it.";
    }

    // The kernel itself is asked, in a namespace that ends with the question. It alone knows what a container may do.
    private static async Task<string?> ForbiddenAsync(CancellationToken cancellation)
    {
        const string Question = "ip link add probe type bridge && ip tuntap add probe0 mode tap && ip link set probe0 master probe";
        try
        {
            await Tool.RunAsync("unshare", ["--net", "sh", "-c", Question], cancellation);
            return null;
        }
        catch (InvalidOperationException refusal)
        {
            return refusal.Message;
        }
    }

    private static bool OnPath(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Concat(["/usr/sbin", "/sbin"]).Any(directory => File.Exists(Path.Combine(directory, tool)));
}
