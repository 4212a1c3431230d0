using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Init;

/// <summary>A machine, its disks and its links in one line each, as a person chooses between them.</summary>
internal static class MachineWords
{
    public static string Of(Node node)
    {
        var facts = node.Status.Facts;
        var mac = facts.Links.FirstOrDefault(link => link.Name == facts.DefaultLink)?.Mac ?? node.Status.Macs.FirstOrDefault() ?? "";
        return Joined(node.Metadata.Name, node.Status.Address, facts.Hostname, mac, facts.Manufacturer,
            $"{facts.CpuThreads} threads", Words.Bytes(facts.MemoryBytes), string.Join(" + ", facts.Disks.Select(disk => Words.Bytes(disk.SizeBytes))));
    }

    public static string Of(Disk disk) =>
        Joined(disk.Device, Words.Bytes(disk.SizeBytes), disk.Transport, disk.Model, disk.Serial, disk.ReadOnly ? "read-only" : "");

    public static string Of(Link link) => Joined(
        link.Name, link.Mac, link.Up ? "up" : "down", link.SpeedMegabits == 0 ? "" : $"{link.SpeedMegabits} Mbit/s",
        string.Join(" ", link.Addresses));

    private static string Joined(params IEnumerable<string> parts) => string.Join("  ", parts.Where(part => part != ""));
}
