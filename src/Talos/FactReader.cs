using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>Reads what a machine is made of: resources, and up to 1.7 the storage service for its disks (talos.md 1.4, 2.2).</summary>
internal sealed class FactReader(CosiReader cosi, TalosConnection connection, CancellationToken cancellation)
{
    public async Task<TalosFacts> ReadAsync()
    {
        var system = await cosi.GetAsync("hardware", "SystemInformations.hardware.talos.dev", "systeminformation");
        var processors = await cosi.ListAsync("hardware", "Processors.hardware.talos.dev");
        var memory = await cosi.ListAsync("hardware", "MemoryModules.hardware.talos.dev");
        var disks = await cosi.ListAsync("runtime", "Disks.block.talos.dev");
        var addresses = await cosi.ListAsync("network", "AddressStatuses.net.talos.dev");
        var links = new LinkReader(await cosi.ListAsync("network", "LinkStatuses.net.talos.dev"), addresses);
        var hostname = await cosi.GetAsync("network", "HostnameStatuses.net.talos.dev", "hostname");
        var resolvers = await cosi.GetAsync("network", "ResolverStatuses.net.talos.dev", "resolvers");
        var routes = await cosi.ListAsync("network", "RouteStatuses.net.talos.dev");
        var outward = routes.Find(route => route.Text("dst") == "" && route.Text("gateway") != "");
        return new(
            system?.Text("manufacturer") ?? "", system?.Text("productname") ?? "", system?.Text("serialnumber") ?? "",
            system?.Text("uuid") ?? "", processors.Sum(p => (int)p.Number("threadCount")),
            memory.Aggregate(0UL, (sum, module) => sum + (module.Number("sizeMiB") << 20)),
            disks.Count > 0 ? [.. disks.Where(IsReal).Select(Disk)] : await OldDisksAsync(), links.Cards)
        {
            Hostname = hostname?.Text("hostname") ?? "",
            DefaultLink = outward?.Text("outLinkName") ?? "",
            Gateway = outward?.Text("gateway") ?? "",
            NameServers = resolvers?.Texts("dnsServers") ?? [],
            SystemDisk = await SystemDiskAsync(),
            Bonds = links.Bonds,
            OtherLinkNames = links.OtherNames,
        };
    }

    /// <summary>
    /// The device that holds the system; empty when it is not installed. The resource is there from 1.8; before, the disk list tells which
    /// one it is.
    /// </summary>
    public async Task<string> SystemDiskAsync()
    {
        if (await cosi.GetAsync("runtime", "SystemDisks.block.talos.dev", "system-disk") is { } disk)
            return disk.Text("devPath") is { Length: > 0 } path ? path : $"/dev/{disk.Text("diskID")}";
        return (await StorageAsync()).FirstOrDefault(d => d.SystemDisk)?.DeviceName ?? "";
    }

    private async Task<IReadOnlyList<TalosDisk>> OldDisksAsync() =>
        [.. (await StorageAsync()).Where(d => d.Type != Api.Storage.Disk.Types.DiskType.Cd).Select(OldDisk)];

    // Talos 1.6 and 1.7 have the storage service instead of resources.
    private async Task<IReadOnlyList<Api.Storage.Disk>> StorageAsync()
    {
        try
        {
            var answer = await new Api.Storage.StorageService.StorageServiceClient(connection.Invoker)
                .DisksAsync(new Empty(), cancellationToken: cancellation);
            return answer.Messages[0].Disks_;
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.Unimplemented)
        {
            return [];
        }
    }

    // It names the transport of two kinds only.
    private static TalosDisk OldDisk(Api.Storage.Disk disk)
    {
        var transport = disk.Type switch
        {
            Api.Storage.Disk.Types.DiskType.Nvme => "nvme",
            Api.Storage.Disk.Types.DiskType.Sd => "mmc",
            _ => "",
        };
        var isRotational = disk.Type == Api.Storage.Disk.Types.DiskType.Hdd;
        return new(disk.DeviceName, disk.Size, disk.Model, disk.Serial, transport, isRotational, disk.Readonly)
        {
            Wwid = disk.Wwid, Uuid = disk.Uuid, Modalias = disk.Modalias, BusPath = disk.BusPath,
        };
    }

    // Loop devices and volumes of DRBD, ZFS and device mapper stand among the disks, below the kernel's virtual bus.
    private static bool IsReal(CosiResource disk) =>
        !disk.Flag("cdrom") && !disk.Text("bus_path").StartsWith("/virtual", StringComparison.Ordinal);

    private static TalosDisk Disk(CosiResource disk) => new(
        disk.Text("dev_path") is { Length: > 0 } path ? path : $"/dev/{disk.Id}",
        disk.Number("size"), disk.Text("model"), disk.Text("serial"), disk.Text("transport"), disk.Flag("rotational"),
        disk.Flag("readonly"))
    {
        Wwid = disk.Text("wwid"), Uuid = disk.Text("uuid"), Modalias = disk.Text("modalias"), BusPath = disk.Text("bus_path"),
        Symlinks = disk.Texts("symlinks"),
    };
}
