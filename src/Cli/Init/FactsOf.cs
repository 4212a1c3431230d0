using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.MachineConfig;
using Known = Cozy.Fleet.MachineConfig.NodeFacts;

namespace Cozy.Fleet.Cli.Init;

/// <summary>What a machine told about itself, as configs are written for it.</summary>
internal static class FactsOf
{
    public static Known Machine(Node node)
    {
        var facts = node.Status?.Facts ?? new();
        return new([.. facts.Disks.Select(Disk)], [.. facts.Links.Select(Link), .. facts.Bonds.Select(Bond)])
        {
            SystemDisk = facts.SystemDisk, OtherLinkNames = [.. facts.OtherLinkNames],
            Hostname = facts.Hostname, DefaultLink = facts.DefaultLink, Gateway = facts.Gateway, NameServers = [.. facts.NameServers],
        };
    }

    private static DiskFacts Disk(Disk disk) => new(disk.Device, disk.SizeBytes)
    {
        Model = disk.Model, Serial = disk.Serial, Transport = disk.Transport, Rotational = disk.Rotational, ReadOnly = disk.ReadOnly,
        Wwid = disk.Wwid, Uuid = disk.Uuid, Modalias = disk.Modalias, BusPath = disk.BusPath, Symlinks = [.. disk.Symlinks],
    };

    private static LinkFacts Link(Link link) => new(link.Name, link.Mac)
    {
        Addresses = [.. link.Addresses], PermanentMac = link.PermanentMac, BusPath = link.BusPath, PciId = link.PciId, Driver = link.Driver,
    };

    private static LinkFacts Bond(Bond bond) => new(bond.Name, bond.Mac)
    {
        Physical = false, Addresses = [.. bond.Addresses],
        Bond = new([.. bond.Members], bond.Mode)
        {
            LacpRate = bond.LacpRate, TransmitHashPolicy = bond.TransmitHashPolicy,
            Miimon = (int)bond.Miimon, Updelay = (int)bond.Updelay, Downdelay = (int)bond.Downdelay,
        },
    };
}
