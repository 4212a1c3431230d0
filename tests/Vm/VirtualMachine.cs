namespace Cozy.Fleet.Vm;

/// <summary>A machine with real firmware, whose links hang on the rack's bridge. Its console is its output.</summary>
internal static class VirtualMachine
{
    private const long DiskBytes = 256 << 20;

    // Where a hypervisor lends out its own acceleration, QEMU may start with it and end in the first second, or hang: a person says
    // when to use it.
    private static readonly string Acceleration = Environment.GetEnvironmentVariable("COZY_FLEET_VM_ACCEL") ?? "tcg";

    /// <summary>Switches it on. Disk and firmware settings are files in the directory, made when they are not there.</summary>
    /// <param name="console">Names its output.</param>
    public static LoggedProcess PowerOn(RackNetwork network, Machine machine, string console, string directory)
    {
        string[] arguments =
        [
            .. machine.IsArm ? Arm : Pc,
            "-name", $"{machine.Kind}", "-m", "768", "-smp", "1", "-uuid", machine.Uuid,
            "-display", "none", "-vga", "none", "-monitor", "none", "-serial", "stdio",
            // OVMF refuses to start its network stack without a random source (netboot.md 7.1).
            "-device", "virtio-rng-pci",
            .. Firmware(machine, directory),
            .. machine.Taps.SelectMany((tap, link) => Link(machine, tap, link)),
            .. Disk(machine, directory),
        ];
        return LoggedProcess.Start(console, "ip", network.InsideMachines(arguments), directory);
    }

    // Without graphics SeaBIOS and iPXE talk to the serial line as well (QEMU's `graphics` machine option).
    private static string[] Pc => ["qemu-system-x86_64", "-machine", $"q35,accel={Acceleration},graphics=off", "-cpu", "max"];

    private static string[] Arm => ["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57"];

    private static string[] Firmware(Machine machine, string directory)
    {
        if (machine.IsBios)
            return [];
        var variables = Path.Combine(directory, $"{machine.Kind}.vars");
        if (!File.Exists(variables))
            File.Copy(machine.IsArm ? "/usr/share/AAVMF/AAVMF_VARS.fd" : "/usr/share/OVMF/OVMF_VARS_4M.fd", variables);
        var code = machine.IsArm ? "/usr/share/AAVMF/AAVMF_CODE.fd" : "/usr/share/OVMF/OVMF_CODE_4M.fd";
        return
        [
            "-drive", $"if=pflash,format=raw,unit=0,readonly=on,file={code}",
            "-drive", $"if=pflash,format=raw,unit=1,file={variables}",
            // Where nobody answers PXE over IPv6, the firmware would wait for it before it goes on to the disk.
            "-fw_cfg", $"name=opt/org.tianocore/IPv6PXESupport,string={(machine.Kind == MachineKind.UefiPxe6 ? 'y' : 'n')}",
            .. machine.BootsOverHttp || machine.HasIpv6Alone ? new[] { "-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n" } : [],
        ];
    }

    private static string[] Link(Machine machine, string tap, int link)
    {
        var device = machine.Kind == MachineKind.BiosE1000 && link == 0 ? "e1000" : "virtio-net-pci";
        // Without an option ROM it is the firmware itself that boots, or nobody.
        var boots = link > 0 ? ",romfile=" : machine.IsBios ? ",bootindex=1" : ",bootindex=1,romfile=";
        return
        [
            "-netdev", $"tap,id=net{link},ifname={tap},script=no,downscript=no",
            "-device", $"{device},netdev=net{link},mac={machine.Mac(link)}{boots}",
        ];
    }

    private static string[] Disk(Machine machine, string directory)
    {
        if (!machine.HasDisk)
            return [];
        string[] device = ["-device", "virtio-blk-pci,drive=disk,bootindex=2"];
        var content = FleetInNamespace.InRepository(".run/vm/disk-arm64");
        if (machine.IsArm) // QEMU shows a directory as a disk.
            return ["-drive", $"if=none,id=disk,format=raw,readonly=on,file=fat:{content}", .. device];
        var image = Path.Combine(directory, $"{machine.Kind}.disk");
        using (var file = new FileStream(image, FileMode.OpenOrCreate))
            file.SetLength(DiskBytes);
        return ["-drive", $"if=none,id=disk,format=raw,file={image}", .. device];
    }
}
