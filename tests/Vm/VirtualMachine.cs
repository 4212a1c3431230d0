using System.Globalization;

namespace Cozy.Fleet.Vm;

/// <summary>The firmware and the link from which a machine network-boots.</summary>
public enum MachineKind
{
    /// <summary>SeaBIOS, virtio link.</summary>
    BiosVirtio,

    /// <summary>SeaBIOS; boots from an e1000, and its system uses a second, virtio link: Debian's cloud kernel has no e1000.</summary>
    BiosE1000,

    /// <summary>OVMF with its own PXE stack (no option ROM), virtio link.</summary>
    UefiVirtio,
}

/// <summary>A machine with real firmware, whose links hang on the rack's bridge. Its console is its output.</summary>
internal static class VirtualMachine
{
    /// <summary>The name that the coordinator gives to it.</summary>
    public static string Uuid(MachineKind kind) =>
        string.Create(CultureInfo.InvariantCulture, $"4f1ee700-0000-4000-8000-{Index(kind):x12}");

    public static async Task<LoggedProcess> PowerOnAsync(
        RackNetwork network, MachineKind kind, string directory, CancellationToken cancellation)
    {
        var taps = kind == MachineKind.BiosE1000 ? new[] { $"tap{Index(kind)}a", $"tap{Index(kind)}b" } : [$"tap{Index(kind)}a"];
        foreach (var tap in taps)
            await network.AddTapAsync(tap, cancellation);
        string[] arguments =
        [
            // Without graphics SeaBIOS and iPXE talk to the serial line as well (QEMU's `graphics` machine option).
            "-name", $"{kind}", "-machine", "q35,accel=kvm:tcg,graphics=off", "-cpu", "max", "-m", "768", "-smp", "1",
            "-uuid", Uuid(kind), "-display", "none", "-vga", "none", "-monitor", "none", "-serial", "stdio",
            // OVMF refuses to start its network stack without a random source (netboot.md 7.1).
            "-device", "virtio-rng-pci",
            .. Firmware(kind, directory),
            .. Links(kind, taps),
        ];
        return LoggedProcess.Start($"{kind}", "ip", network.Inside(["qemu-system-x86_64", .. arguments]), directory);
    }

    private static int Index(MachineKind kind) => (int)kind + 1;

    private static string[] Firmware(MachineKind kind, string directory)
    {
        if (kind != MachineKind.UefiVirtio)
            return [];
        var variables = Path.Combine(directory, "OVMF_VARS.fd");
        File.Copy("/usr/share/OVMF/OVMF_VARS_4M.fd", variables, overwrite: true);
        return
        [
            "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
            "-drive", $"if=pflash,format=raw,unit=1,file={variables}",
        ];
    }

    private static string[] Links(MachineKind kind, string[] taps)
    {
        string Mac(int link) => string.Create(CultureInfo.InvariantCulture, $"52:54:00:77:{Index(kind):x2}:{link:x2}");
        string Tap(int link) => $"tap,id=net{link},ifname={taps[link]},script=no,downscript=no";
        return kind switch
        {
            MachineKind.BiosVirtio =>
                ["-netdev", Tap(0), "-device", $"virtio-net-pci,netdev=net0,mac={Mac(0)},bootindex=1"],
            MachineKind.BiosE1000 =>
            [
                "-netdev", Tap(0), "-device", $"e1000,netdev=net0,mac={Mac(0)},bootindex=1",
                "-netdev", Tap(1), "-device", $"virtio-net-pci,netdev=net1,mac={Mac(1)},romfile=",
            ],
            _ => ["-netdev", Tap(0), "-device", $"virtio-net-pci,netdev=net0,mac={Mac(0)},bootindex=1,romfile="],
        };
    }
}
