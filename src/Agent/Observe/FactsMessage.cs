using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>What a machine is made of, as a message.</summary>
internal static class FactsMessage
{
    public static NodeFacts Of(TalosFacts facts) => new()
    {
        Manufacturer = facts.Manufacturer, Product = facts.Product, Serial = facts.Serial,
        CpuThreads = (uint)facts.CpuThreads, MemoryBytes = facts.MemoryBytes,
        Disks = { facts.Disks.Select(Of) }, Links = { facts.Links.Select(Of) }, Bonds = { facts.Bonds.Select(Of) },
        Hostname = facts.Hostname, DefaultLink = facts.DefaultLink, Gateway = facts.Gateway, NameServers = { facts.NameServers },
        SystemDisk = facts.SystemDisk, OtherLinkNames = { facts.OtherLinkNames },
    };

    private static Disk Of(TalosDisk disk) => new()
    {
        Device = disk.Device, SizeBytes = disk.SizeBytes, Model = disk.Model, Serial = disk.Serial, Transport = disk.Transport,
        Rotational = disk.Rotational, ReadOnly = disk.ReadOnly, Wwid = disk.Wwid, Uuid = disk.Uuid, Modalias = disk.Modalias,
        BusPath = disk.BusPath, Symlinks = { disk.Symlinks },
    };

    private static Link Of(TalosLink link) => new()
    {
        Name = link.Name, Mac = link.Mac, Up = link.Up, SpeedMegabits = (uint)link.SpeedMegabits, Addresses = { link.Addresses },
        PermanentMac = link.PermanentMac, CurrentMac = link.CurrentMac, Driver = link.Driver, BusPath = link.BusPath, PciId = link.PciId,
    };

    private static Bond Of(TalosBond bond) => new()
    {
        Name = bond.Name, Mac = bond.Mac, Up = bond.Up, Addresses = { bond.Addresses }, Members = { bond.Members }, Mode = bond.Mode,
        LacpRate = bond.LacpRate, TransmitHashPolicy = bond.TransmitHashPolicy,
        Miimon = (uint)bond.Miimon, Updelay = (uint)bond.Updelay, Downdelay = (uint)bond.Downdelay,
    };
}
