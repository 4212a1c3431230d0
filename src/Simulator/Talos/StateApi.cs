using System.Collections.Concurrent;
using System.Globalization;
using Cozy.Fleet.Talos.Api.Config;
using Cozy.Fleet.Talos.Api.Cosi;
using Google.Protobuf;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>cosi.resource.State: the resources that a node shows (talos.md 2.2). Bytes are filled where they are needed: for the config.</summary>
internal sealed class StateApi(TalosRun run) : State.StateBase
{
    // Namespace and first minor of each type (talos.md 2.2).
    private static readonly Dictionary<string, (string Namespace, int Since)> Types = new()
    {
        ["MachineStatuses.runtime.talos.dev"] = ("runtime", 6),
        ["ExtensionStatuses.runtime.talos.dev"] = ("runtime", 6),
        ["MetaKeys.runtime.talos.dev"] = ("runtime", 6),
        ["SystemDisks.block.talos.dev"] = ("runtime", 8),
        ["Disks.block.talos.dev"] = ("runtime", 8),
        ["Versions.runtime.talos.dev"] = ("runtime", 10),
        ["BootIDs.runtime.talos.dev"] = ("runtime", 14),
        ["MachineConfigs.config.talos.dev"] = ("config", 6),
        ["MachineTypes.config.talos.dev"] = ("config", 6),
        ["LinkStatuses.net.talos.dev"] = ("network", 6),
        ["AddressStatuses.net.talos.dev"] = ("network", 6),
        ["RouteStatuses.net.talos.dev"] = ("network", 6),
        ["ResolverStatuses.net.talos.dev"] = ("network", 6),
        ["HostnameStatuses.net.talos.dev"] = ("network", 6),
        ["SystemInformations.hardware.talos.dev"] = ("hardware", 6),
        ["Processors.hardware.talos.dev"] = ("hardware", 6),
        ["MemoryModules.hardware.talos.dev"] = ("hardware", 6),
        ["Nodenames.kubernetes.talos.dev"] = ("k8s", 6),
        ["NodeStatuses.kubernetes.talos.dev"] = ("k8s", 6),
        ["EtcdMembers.etcd.talos.dev"] = ("etcd", 6),
    };

    // A resource's version grows with its content.
    private readonly ConcurrentDictionary<(string Type, string Id), (string Spec, int Version)> versions = new();

    public override Task<GetResponse> Get(GetRequest request, ServerCallContext context)
    {
        CheckAccess(request.Namespace, request.Type, context);
        var spec = Resources(request.Type).FirstOrDefault(r => r.Id == request.Id).Spec
            ?? throw new RpcException(new(StatusCode.NotFound, $"resource {request.Type}({request.Namespace}/{request.Id}) doesn't exist"));
        return Task.FromResult(new GetResponse { Resource = Resource(request.Namespace, request.Type, request.Id, spec) });
    }

    public override async Task List(ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context)
    {
        CheckAccess(request.Namespace, request.Type, context);
        foreach (var (id, spec) in Resources(request.Type))
            await responseStream.WriteAsync(new() { Resource = Resource(request.Namespace, request.Type, id, spec) });
    }

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        CheckAccess(request.Namespace, request.Type, context);
        if (request.HasId && request.Options?.BootstrapContents == true)
            throw new RpcException(new(StatusCode.Unimplemented, "bootstrap contents are not supported for a watch of one resource"));
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, run.Ended);
        await new ResourceWatch(request, () => Now(request.Namespace, request.Type), run.NextChange).WriteAsync(responseStream, either.Token);
    }

    private Dictionary<string, Resource> Now(string @namespace, string type) =>
        Resources(type).ToDictionary(r => r.Id, r => Resource(@namespace, type, r.Id, r.Spec));

    // An unknown type or namespace is refused, not absent (talos.md 0, trap 13); what is sensitive is for admins (talos.md 2.1).
    private void CheckAccess(string @namespace, string type, ServerCallContext context)
    {
        var known = Types.TryGetValue(type, out var found) && found.Namespace == @namespace && run.Version.IsAtLeast(1, found.Since);
        if (!known || (type == "MachineConfigs.config.talos.dev" && !Authorization.IsAdmin(context)))
            throw new RpcException(new(StatusCode.PermissionDenied, $"no access to resource type {@namespace}/{type}"));
    }

    private IEnumerable<(string Id, string Spec)> Resources(string type) => type switch
    {
        "MachineStatuses.runtime.talos.dev" => [("machine", MachineStatus())],
        "Versions.runtime.talos.dev" => [("version", $"version: {run.Version}\nname: Talos\n")],
        "BootIDs.runtime.talos.dev" => [("boot-id", $"bootId: {run.BootId}\n")],
        "ExtensionStatuses.runtime.talos.dev" => Extensions(),
        "MetaKeys.runtime.talos.dev" => run.Fallback is { } slot ? [("0x06", $"value: \"{"AB"[slot]}\"\n")] : [],
        "SystemDisks.block.talos.dev" => run.Disk.IsInstalled ? [("system-disk", "diskID: vda\ndevPath: /dev/vda\n")] : [],
        "Disks.block.talos.dev" => [("vda", Disk())],
        "MachineConfigs.config.talos.dev" => run.Config is { } config ? [("v1alpha1", config.Yaml)] : [],
        "MachineTypes.config.talos.dev" =>
            [("machine-type", run.Config is null ? "unknown" : run.Config.IsControlPlane ? "controlplane" : "worker")],
        "LinkStatuses.net.talos.dev" => [("lo", "index: 1\ntype: loopback\nkind: \"\"\noperationalState: unknown\n"), ("eth0", Link())],
        "AddressStatuses.net.talos.dev" => [($"eth0/{Address}", $"address: {Address}\nlinkName: eth0\nfamily: inet4\nscope: global\n")],
        "RouteStatuses.net.talos.dev" => [("inet4/eth0/", $"dst: \"\"\ngateway: {Router}\noutLinkName: eth0\nfamily: inet4\n")],
        "ResolverStatuses.net.talos.dev" => [("resolvers", $"dnsServers:\n    - {Router}\n")],
        "SystemInformations.hardware.talos.dev" => [("systeminformation", SystemInformation())],
        "Processors.hardware.talos.dev" => [("CPU-0", "socket: CPU 0\nmanufacturer: Simulated\ncoreCount: 4\nthreadCount: 8\n")],
        "MemoryModules.hardware.talos.dev" => [("DIMM-0", "sizeMiB: 16384\nmanufacturer: Simulated\n")],
        "Nodenames.kubernetes.talos.dev" => run.Config is null ? [] : [("nodename", $"nodename: {run.Hostname}\n")],
        "NodeStatuses.kubernetes.talos.dev" => NodeStatuses(),
        "EtcdMembers.etcd.talos.dev" => EtcdMembers(),
        _ => [("hostname", $"hostname: {run.Hostname}\ndomainname: \"\"\n")],
    };

    private IEnumerable<(string, string)> Extensions() => run.Disk.Current is { } image && ImageReference.SchematicOf(image) is { } id
        ? [("schematic", $"metadata:\n  name: schematic\n  version: {id}\n")]
        : [];

    private (string, string)[] NodeStatuses() => run.Cluster is { } cluster
        ? cluster.Look((_, kubernetes) =>
            kubernetes.Nodes.TryGetValue(run.Hostname, out var node) ? new[] { (node.Name, NodeStatus(node)) } : [])
        : [];

    private static string NodeStatus(Cluster.KubernetesNode node) =>
        $"nodename: {node.Name}\nnodeReady: {(node.Ready ? "true" : "false")}\nunschedulable: {(node.Unschedulable ? "true" : "false")}\nannotations:"
        + (node.Annotations.Count == 0 ? " {}\n" : "\n" + string.Concat(node.Annotations.Select(a => $"    {a.Key}: \"{a.Value}\"\n")));

    private (string, string)[] EtcdMembers() => run.Cluster is { } cluster
        ? cluster.Look((etcd, _) =>
            etcd.Find(run.Hostname) is { IsUp: true } member ? new[] { ("local", $"memberID: {member.Id:x16}\n") } : [])
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
        $"dev_path: /dev/vda\nsize: {run.Options.DiskBytes}\nmodel: Simulated\nserial: disk-{run.Options.Name}\n"
        + $"wwid: sim.{run.Options.Name}\nbus_path: /pci0000:00/0000:00:05.0/virtio2\nmodalias: virtio:d00000002v00001AF4\n"
        + $"transport: virtio\nrotational: false\nreadonly: false\nsymlinks:\n    - /dev/disk/by-id/virtio-disk-{run.Options.Name}\n");

    private string Address => $"{run.Address}/24";

    private string Router => $"{string.Join('.', run.Address.ToString().Split('.')[..3])}.1";

    private string Link() =>
        $"index: 2\ntype: ether\nkind: \"\"\nhardwareAddr: {run.Options.Mac}\npermanentAddr: {run.Options.Mac}\noperationalState: up\n"
        + $"busPath: 0000:00:03.0\npciID: 1AF4:1000\ndriver: virtio_net\naltNames:\n    - enp0s3\nspeedMbit: 10000\n";

    private string SystemInformation() =>
        $"manufacturer: Cozy Fleet\nproductname: Simulated Machine\nserialnumber: \"{run.Options.Serial}\"\nuuid: {run.Options.Uuid}\n";

    private Resource Resource(string @namespace, string type, string id, string spec)
    {
        var version = versions.AddOrUpdate((type, id), (spec, 1), (_, old) => old.Spec == spec ? old : (spec, old.Version + 1)).Version;
        var resource = new Resource
        {
            Metadata = new() { Namespace = @namespace, Type = type, Id = id, Version = $"{version}", Phase = "running" },
            Spec = new() { YamlSpec = spec },
        };
        if (type != "MachineConfigs.config.talos.dev")
            return resource;
        resource.Spec.ProtoSpec = new MachineConfigSpec { YamlMarshalled = ByteString.CopyFromUtf8(spec) }.ToByteString();
        // A mapping up to 1.11, one long string from 1.12 (talos.md 2.2).
        if (run.Version.IsAtLeast(1, 12))
            resource.Spec.YamlSpec = "|\n" + string.Concat(spec.Split('\n').Select(line => $"    {line}\n"));
        return resource;
    }
}
