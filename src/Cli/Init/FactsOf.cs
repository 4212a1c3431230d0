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
        return new([.. facts.Disks.Select(Disk)], [.. facts.Links.Select(Link)])
        {
            Hostname = facts.Hostname, DefaultLink = facts.DefaultLink, Gateway = facts.Gateway, NameServers = [.. facts.NameServers],
        };
    }

    private static DiskFacts Disk(Disk disk) => new(disk.Device, disk.SizeBytes)
    {
        Model = disk.Model, Serial = disk.Serial, Transport = disk.Transport, Rotational = disk.Rotational, ReadOnly = disk.ReadOnly,
    };

    private static LinkFacts Link(Link link) => new(link.Name, link.Mac) { Addresses = [.. link.Addresses] };
}
