using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>What a machine loads, by its firmware.</summary>
internal sealed record BootFiles(BootAsset Kernel, BootAsset Initramfs, ClientFirmware Firmware);

/// <summary>The answers to a machine, in the language of its loader.</summary>
internal interface IBootScripts
{
    /// <summary>Loads kernel and initramfs, each with retries; a machine that cannot goes through its firmware again.</summary>
    string Netboot(BootPlan plan, string session, BootFiles files, PushTargets push);

    /// <summary>The machine's own disk.</summary>
    string Disk(BootPlan plan, string session, ClientFirmware firmware);

    /// <summary>Wait, then ask again: nothing is loaded, nothing is written.</summary>
    string Hold(BootPlan plan, string session);
}
