using Cozy.Fleet.Talos.Api.Storage;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>storage.StorageService: the disks of a node, as Talos 1.6 and 1.7 tell them (talos.md 1.4).</summary>
internal sealed class StorageApi(TalosRun run) : StorageService.StorageServiceBase
{
    public override Task<DisksResponse> Disks(Empty request, ServerCallContext context) => Task.FromResult(new DisksResponse
    {
        Messages =
        {
            new Disks
            {
                Disks_ =
                {
                    new Disk
                    {
                        DeviceName = "/dev/vda", Size = run.Options.DiskBytes, Model = "Simulated", Serial = "disk-" + run.Options.Name,
                        Type = Disk.Types.DiskType.Ssd, SystemDisk = run.Disk.IsInstalled, Wwid = "sim." + run.Options.Name,
                        BusPath = "/pci0000:00/0000:00:05.0/virtio2", Modalias = "virtio:d00000002v00001AF4",
                    },
                },
            },
        },
    });
}
