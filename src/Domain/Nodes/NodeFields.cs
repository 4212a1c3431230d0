using System.Globalization;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>The values of a node's fields by the paths of its JSON form, for filters and acceptance rules.</summary>
public static class NodeFields
{
    private const string Label = "metadata.labels.";
    private const string Annotation = "metadata.annotations.";

    public static IEnumerable<string> Values(NodeRecord node, string path)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(path);
        if (path.StartsWith(Label, StringComparison.Ordinal))
            return node.Metadata.Labels.TryGetValue(path[Label.Length..], out var label) ? [label] : [];
        if (path.StartsWith(Annotation, StringComparison.Ordinal))
            return node.Metadata.Annotations.TryGetValue(path[Annotation.Length..], out var value) ? [value] : [];
        return Many(node, path).Where(v => v != "");
    }

    private static IEnumerable<string> Many(NodeRecord node, string path) => path switch
    {
        "status.macs" => node.Macs,
        "status.facts.disks.device" => node.Facts?.Disks.Select(d => d.Device) ?? [],
        "status.facts.disks.model" => node.Facts?.Disks.Select(d => d.Model) ?? [],
        "status.facts.disks.serial" => node.Facts?.Disks.Select(d => d.Serial) ?? [],
        "status.facts.links.name" => node.Facts?.Links.Select(l => l.Name) ?? [],
        "status.facts.links.mac" => node.Facts?.Links.Select(l => l.Mac) ?? [],
        _ => [One(node, path)],
    };

    private static string One(NodeRecord node, string path) => path switch
    {
        "metadata.name" => node.Metadata.Name,
        "spec.acceptance.state" => "ACCEPTANCE_STATE_" + node.Spec.Acceptance.State.ToString().ToUpperInvariant(),
        "spec.hostname" => node.Spec.Hostname,
        "spec.roleHint" => RoleName(node.Spec.RoleHint),
        "spec.paused" => Bool(node.Spec.Paused),
        "spec.locked" => Bool(node.Spec.Locked),
        "spec.installDisk" => node.Spec.InstallDisk,
        _ => Status(node, path),
    };

    private static string Status(NodeRecord node, string path) => path switch
    {
        "status.phase" => "NODE_PHASE_" + Upper(node.Phase.ToString()),
        "status.uuid" => node.Uuid,
        "status.rack" => node.Rack,
        "status.firmware" => "FIRMWARE_" + node.Firmware.ToString().ToUpperInvariant(),
        "status.architecture" => "ARCHITECTURE_" + node.Architecture.ToString().ToUpperInvariant(),
        "status.address" => node.Address,
        "status.cluster" => node.Allocation?.Cluster ?? "",
        "status.role" => RoleName(node.Allocation?.Role ?? Role.Unspecified),
        "status.hostname" => node.Allocation?.Hostname ?? "",
        "status.talosVersion" => node.Observed?.TalosVersion ?? "",
        "status.schematicId" => node.Observed?.SchematicId ?? "",
        "status.ready" => Bool(node.Observed?.Ready ?? false),
        "status.quarantineReason" => node.QuarantineReason,
        "status.facts.manufacturer" => node.Facts?.Manufacturer ?? "",
        "status.facts.product" => node.Facts?.Product ?? "",
        "status.facts.serial" => node.Facts?.Serial ?? "",
        "status.facts.cpuThreads" => node.Facts?.CpuThreads.ToString(CultureInfo.InvariantCulture) ?? "",
        "status.facts.memoryBytes" => node.Facts?.MemoryBytes.ToString(CultureInfo.InvariantCulture) ?? "",
        _ => "",
    };

    private static string RoleName(Role role) => role == Role.Unspecified ? "" : "ROLE_" + Upper(role.ToString());

    private static string Bool(bool value) => value ? "true" : "false";

    private static string Upper(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : char.ToUpperInvariant(c).ToString()));
}
