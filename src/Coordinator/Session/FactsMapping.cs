using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>What a machine is made of, as an agent tells it.</summary>
internal static class FactsMapping
{
    public static NodeFacts ToDomain(V1.NodeFacts facts) => new(
        facts.Manufacturer, facts.Product, facts.Serial, facts.CpuThreads, facts.MemoryBytes,
        facts.Disks.Select(ToDomain).ToEquatableArray(), facts.Links.Select(ToDomain).ToEquatableArray())
    {
        Hostname = facts.Hostname,
        DefaultLink = facts.DefaultLink,
        Gateway = facts.Gateway,
        NameServers = facts.NameServers.ToEquatableArray(),
        SystemDisk = facts.SystemDisk,
        Bonds = facts.Bonds.Select(ToDomain).ToEquatableArray(),
        OtherLinkNames = facts.OtherLinkNames.ToEquatableArray(),
    };

    private static Disk ToDomain(V1.Disk disk) =>
        new(disk.Device, disk.SizeBytes, disk.Model, disk.Serial, disk.Transport, disk.Rotational, disk.ReadOnly)
        {
            Wwid = disk.Wwid, Uuid = disk.Uuid, Modalias = disk.Modalias, BusPath = disk.BusPath,
            Symlinks = disk.Symlinks.ToEquatableArray(),
        };

    private static Link ToDomain(V1.Link link) => new(link.Name, link.Mac, link.Up, link.SpeedMegabits, link.Addresses.ToEquatableArray())
    {
        PermanentMac = link.PermanentMac, CurrentMac = link.CurrentMac, Driver = link.Driver, BusPath = link.BusPath, PciId = link.PciId,
    };

    private static Bond ToDomain(V1.Bond bond) =>
        new(bond.Name, bond.Mac, bond.Up, bond.Addresses.ToEquatableArray(), bond.Members.ToEquatableArray(), bond.Mode)
        {
            LacpRate = bond.LacpRate, TransmitHashPolicy = bond.TransmitHashPolicy,
            Miimon = bond.Miimon, Updelay = bond.Updelay, Downdelay = bond.Downdelay,
        };
}
