using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;
using Machine = Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Configs;

/// <summary>What a node told of its disks and links, as selectors are checked against it.</summary>
internal static class SelectorFacts
{
    public static NodeFacts Of(Machine.NodeFacts facts) => new(
        facts.Disks.Select(Disk).ToEquatableArray(), facts.Links.Select(Link).Concat(facts.Bonds.Select(Bond)).ToEquatableArray())
    {
        OtherLinkNames = facts.OtherLinkNames,
    };

    private static DiskFacts Disk(Machine.Disk disk) => new(disk.Device, disk.SizeBytes)
    {
        Model = disk.Model, Serial = disk.Serial, Wwid = disk.Wwid, Uuid = disk.Uuid, Modalias = disk.Modalias, BusPath = disk.BusPath,
        Transport = disk.Transport, Rotational = disk.Rotational, ReadOnly = disk.ReadOnly, Symlinks = disk.Symlinks,
    };

    // An older agent says one address only, which may be either.
    private static LinkFacts Link(Machine.Link link) => new(link.Name, link.CurrentMac)
    {
        PermanentMac = link.PermanentMac, BusPath = link.BusPath, PciId = link.PciId, Driver = link.Driver,
    };

    private static LinkFacts Bond(Machine.Bond bond) => new(bond.Name, bond.Mac) { Physical = false };
}
