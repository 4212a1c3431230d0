using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class NodeFactsMap
{
    public static V1.NodeFacts ToProto(this NodeFacts facts)
    {
        var proto = new V1.NodeFacts
        {
            Manufacturer = facts.Manufacturer,
            Product = facts.Product,
            Serial = facts.Serial,
            CpuThreads = facts.CpuThreads,
            MemoryBytes = facts.MemoryBytes,
            Hostname = facts.Hostname,
            DefaultLink = facts.DefaultLink,
            Gateway = facts.Gateway,
            SystemDisk = facts.SystemDisk,
        };
        proto.Bonds.Add(facts.Bonds.Select(ToProto));
        proto.OtherLinkNames.Add(facts.OtherLinkNames);
        proto.NameServers.Add(facts.NameServers);
        proto.Disks.Add(facts.Disks.Select(ToProto));
        proto.Links.Add(facts.Links.Select(ToProto));
        return proto;
    }

    private static V1.Disk ToProto(Disk disk) => new()
    {
        Device = disk.Device,
        SizeBytes = disk.SizeBytes,
        Model = disk.Model,
        Serial = disk.Serial,
        Transport = disk.Transport,
        Rotational = disk.Rotational,
        ReadOnly = disk.ReadOnly,
        Wwid = disk.Wwid,
        Uuid = disk.Uuid,
        Modalias = disk.Modalias,
        BusPath = disk.BusPath,
        Symlinks = { disk.Symlinks },
    };

    private static V1.Link ToProto(Link link)
    {
        var proto = new V1.Link
        {
            Name = link.Name, Mac = link.Mac, Up = link.Up, SpeedMegabits = link.SpeedMegabits, PermanentMac = link.PermanentMac,
            CurrentMac = link.CurrentMac, Driver = link.Driver, BusPath = link.BusPath, PciId = link.PciId,
        };
        proto.Addresses.Add(link.Addresses);
        return proto;
    }

    private static V1.Bond ToProto(Bond bond) => new()
    {
        Name = bond.Name, Mac = bond.Mac, Up = bond.Up, Addresses = { bond.Addresses }, Members = { bond.Members }, Mode = bond.Mode,
        LacpRate = bond.LacpRate, TransmitHashPolicy = bond.TransmitHashPolicy,
        Miimon = bond.Miimon, Updelay = bond.Updelay, Downdelay = bond.Downdelay,
    };
}
