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
    UefiPxe,

    /// <summary>OVMF whose PXE is switched off: UEFI HTTP boot, virtio link.</summary>
    UefiHttp,

    /// <summary>AAVMF, OVMF's kin for arm64, by UEFI HTTP boot; virtio link.</summary>
    Arm64Http,

    /// <summary>AAVMF with its own PXE stack.</summary>
    Arm64Pxe,

    /// <summary>OVMF's own PXE over IPv6.</summary>
    UefiPxe6,

    /// <summary>OVMF's HTTP boot over IPv6; it tries IPv4 first, in vain.</summary>
    UefiHttp6,

    /// <summary>AAVMF with its own PXE stack, whose loader is GRUB.</summary>
    Arm64Grub,
}

/// <summary>A machine of the rack.</summary>
/// <param name="HasDisk">It has a disk, which the firmware tries after the network: a new one; an arm64 machine's has a system on it.</param>
internal sealed record Machine(MachineKind Kind, bool HasDisk = false)
{
    /// <summary>The name that the coordinator gives to it.</summary>
    public string Uuid => string.Create(CultureInfo.InvariantCulture, $"4f1ee700-0000-4000-8000-{Number:x12}");

    public bool IsArm => Kind is MachineKind.Arm64Http or MachineKind.Arm64Pxe or MachineKind.Arm64Grub;

    public bool BootsOverHttp => Kind is MachineKind.UefiHttp or MachineKind.Arm64Http or MachineKind.UefiHttp6;

    public bool HasIpv6Alone => Kind is MachineKind.UefiPxe6 or MachineKind.UefiHttp6;

    public bool IsBios => Kind is MachineKind.BiosVirtio or MachineKind.BiosE1000;

    /// <summary>The host's end of each link.</summary>
    public string[] Taps => Kind == MachineKind.BiosE1000 ? [$"tap{Number}a", $"tap{Number}b"] : [$"tap{Number}a"];

    public string Mac(int link) => string.Create(CultureInfo.InvariantCulture, $"52:54:00:77:{Number:x2}:{link:x2}");

    private int Number => (int)Kind + 1;
}
