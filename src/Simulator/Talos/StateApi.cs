using System.Globalization;
using Cozy.Fleet.Talos.Api.Cosi;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>cosi.resource.State: the resources that a node shows (talos.md 2.2). Only the YAML form is filled.</summary>
internal sealed class StateApi(TalosRun run) : State.StateBase
{
    public override Task<GetResponse> Get(GetRequest request, ServerCallContext context)
    {
        var spec = Resources(request.Type).FirstOrDefault(r => r.Id == request.Id).Spec
            ?? throw new RpcException(new(StatusCode.NotFound, $"resource {request.Type}({request.Namespace}/{request.Id}) doesn't exist"));
        return Task.FromResult(new GetResponse { Resource = Resource(request.Namespace, request.Type, request.Id, spec) });
    }

    public override async Task List(ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context)
    {
        foreach (var (id, spec) in Resources(request.Type))
            await responseStream.WriteAsync(new() { Resource = Resource(request.Namespace, request.Type, id, spec) });
    }

    // An unknown type is refused, not absent (talos.md 0, trap 13).
    private IEnumerable<(string Id, string Spec)> Resources(string type) => type switch
    {
        "MachineStatuses.runtime.talos.dev" => [("machine", MachineStatus())],
        "Versions.runtime.talos.dev" when run.Version.IsAtLeast(1, 10) => [("version", $"version: {run.Version}\nname: Talos\n")],
        "BootIDs.runtime.talos.dev" when run.Version.IsAtLeast(1, 14) => [("boot-id", $"bootId: {run.BootId}\n")],
        "ExtensionStatuses.runtime.talos.dev" => Extensions(),
        "MetaKeys.runtime.talos.dev" => run.Fallback is { } slot ? [("0x06", $"value: \"{"AB"[slot]}\"\n")] : [],
        "SystemDisks.block.talos.dev" when run.Version.IsAtLeast(1, 8) =>
            run.Disk.IsInstalled ? [("system-disk", "diskID: vda\ndevPath: /dev/vda\n")] : [],
        "Disks.block.talos.dev" when run.Version.IsAtLeast(1, 8) => [("vda", Disk())],
        "LinkStatuses.net.talos.dev" => [("eth0", Link())],
        "SystemInformations.hardware.talos.dev" => [("systeminformation", SystemInformation())],
        "Processors.hardware.talos.dev" => [("CPU-0", "socket: CPU 0\nmanufacturer: Simulated\ncoreCount: 4\nthreadCount: 8\n")],
        "MemoryModules.hardware.talos.dev" => [("DIMM-0", "sizeMiB: 16384\nmanufacturer: Simulated\n")],
        "Nodenames.kubernetes.talos.dev" when run.Config is not null => [("nodename", $"nodename: {run.Hostname}\n")],
        "HostnameStatuses.net.talos.dev" => [("hostname", $"hostname: {run.Hostname}\ndomainname: \"\"\n")],
        _ => throw new RpcException(new(StatusCode.PermissionDenied, $"no access to resource type {type}")),
    };

    private IEnumerable<(string, string)> Extensions() => run.Disk.Current is { } image && ImageReference.SchematicOf(image) is { } id
        ? [("schematic", $"metadata:\n  name: schematic\n  version: {id}\n")]
        : [];

    private string MachineStatus()
    {
        var stage = run.Stage == Stage.ShuttingDown ? "shutting down" : run.Stage.ToString().ToLowerInvariant();
        var unmet = run.UnmetConditions;
        var list = unmet.Count == 0 ? " []\n"
            : "\n" + string.Concat(unmet.Select(c => $"    - name: {c.Name}\n      reason: '{c.Reason.Replace("'", "''", StringComparison.Ordinal)}'\n"));
        return $"stage: {stage}\nstatus:\n  ready: {(unmet.Count == 0 ? "true" : "false")}\n  unmetConditions:{list}";
    }

    private string Disk() => string.Create(CultureInfo.InvariantCulture,
        $"dev_path: /dev/vda\nsize: {run.Options.DiskBytes}\nmodel: Simulated\nserial: disk-{run.Options.Name}\ntransport: virtio\nrotational: false\nreadonly: false\n");

    private string Link() =>
        $"type: ether\nkind: \"\"\nhardwareAddr: {run.Options.Mac}\noperationalState: up\nspeedMbit: 10000\n";

    private string SystemInformation() =>
        $"manufacturer: Cozy Fleet\nproductname: Simulated Machine\nserialnumber: \"{run.Options.Serial}\"\nuuid: {run.Options.Uuid}\n";

    private static Resource Resource(string @namespace, string type, string id, string spec) => new()
    {
        Metadata = new() { Namespace = @namespace, Type = type, Id = id, Version = "1", Phase = "running" },
        Spec = new() { YamlSpec = spec },
    };
}
