using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Simulator.Commands;

/// <summary>What Linux knows of the machine that the program runs on.</summary>
internal static class PhysicalMachine
{
    /// <summary>Identity from SMBIOS and the interface, as Talos reads it.</summary>
    /// <exception cref="IOException">There is no such interface.</exception>
    public static MachineOptions Identify(string name)
    {
        var mac = MacAddress.Parse(Read($"/sys/class/net/{name}/address")
            ?? throw new IOException($"There is no network interface '{name}'."));
        // A board without a UUID of its own is known by its MAC address alone (netboot.md 19).
        var uuid = MachineUuid.TryParse(Read("/sys/class/dmi/id/product_uuid"), out var own) ? own : default;
        var firmware = Directory.Exists("/sys/firmware/efi") ? SimulatedFirmware.UefiX64 : SimulatedFirmware.Bios;
        return new("node", mac, uuid, firmware) { Serial = Read("/sys/class/dmi/id/product_serial") ?? "" };
    }

    /// <summary>The interface's IPv4 address.</summary>
    /// <exception cref="IOException">It has none.</exception>
    public static IPAddress AddressOf(string name) =>
        NetworkInterface.GetAllNetworkInterfaces().Where(i => i.Name == name)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses.Select(a => a.Address))
            .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork)
        ?? throw new IOException($"The interface '{name}' does not exist or has no IPv4 address.");

    /// <summary>What the kernel was started with; the boot script wrote it.</summary>
    public static string CommandLine() => Read("/proc/cmdline") ?? "";

    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (UnauthorizedAccessException)
        {
            return null; // Only root reads UUID and serial; the MAC address is left as identity then.
        }
    }
}
