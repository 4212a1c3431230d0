using System.Collections.Frozen;
using System.Globalization;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>The values of a node's fields by the paths of its JSON form, for filters and acceptance rules.</summary>
public static class NodeFields
{
    private const string Label = "metadata.labels.";
    private const string Annotation = "metadata.annotations.";

    private static readonly FrozenDictionary<string, Func<NodeRecord, IEnumerable<string>>> Fields =
        new Dictionary<string, Func<NodeRecord, IEnumerable<string>>>
        {
            ["metadata.name"] = n => [n.Metadata.Name],
            ["spec.acceptance.state"] = n => ["ACCEPTANCE_STATE_" + Upper(n.Spec.Acceptance.State.ToString())],
            ["spec.hostname"] = n => [n.Spec.Hostname],
            ["spec.roleHint"] = n => [RoleName(n.Spec.RoleHint)],
            ["spec.paused"] = n => [Bool(n.Spec.Paused)],
            ["spec.locked"] = n => [Bool(n.Spec.Locked)],
            ["spec.installDisk"] = n => [n.Spec.InstallDisk],
            ["status.phase"] = n => ["NODE_PHASE_" + Upper(n.Phase.ToString())],
            ["status.uuid"] = n => [n.Uuid],
            ["status.macs"] = n => n.Macs,
            ["status.rack"] = n => [n.Rack],
            ["status.firmware"] = n => [n.Firmware == Firmware.Unknown ? "" : "FIRMWARE_" + Upper(n.Firmware.ToString())],
            ["status.architecture"] = n =>
                [n.Architecture == Architecture.Unknown ? "" : "ARCHITECTURE_" + Upper(n.Architecture.ToString())],
            ["status.address"] = n => [n.Address],
            ["status.cluster"] = n => [n.Allocation?.Cluster ?? ""],
            ["status.role"] = n => [RoleName(n.Allocation?.Role ?? Role.Unspecified)],
            ["status.hostname"] = n => [n.Allocation?.Hostname ?? ""],
            ["status.talosVersion"] = n => [n.Observed?.TalosVersion ?? ""],
            ["status.schematicId"] = n => [n.Observed?.SchematicId ?? ""],
            ["status.ready"] = n => [Bool(n.Observed?.Ready ?? false)],
            ["status.quarantineReason"] = n => [n.QuarantineReason],
            ["status.facts.manufacturer"] = n => [n.Facts?.Manufacturer ?? ""],
            ["status.facts.product"] = n => [n.Facts?.Product ?? ""],
            ["status.facts.serial"] = n => [n.Facts?.Serial ?? ""],
            ["status.facts.cpuThreads"] = n => [n.Facts?.CpuThreads.ToString(CultureInfo.InvariantCulture) ?? ""],
            ["status.facts.memoryBytes"] = n => [n.Facts?.MemoryBytes.ToString(CultureInfo.InvariantCulture) ?? ""],
            ["status.facts.disks.device"] = n => Disks(n, d => d.Device),
            ["status.facts.disks.model"] = n => Disks(n, d => d.Model),
            ["status.facts.disks.serial"] = n => Disks(n, d => d.Serial),
            ["status.facts.disks.wwid"] = n => Disks(n, d => d.Wwid),
            ["status.facts.disks.busPath"] = n => Disks(n, d => d.BusPath),
            ["status.facts.disks.transport"] = n => Disks(n, d => d.Transport),
            ["status.facts.links.name"] = n => Links(n, l => l.Name),
            ["status.facts.links.mac"] = n => Links(n, l => l.Mac),
            ["status.facts.links.permanentMac"] = n => Links(n, l => l.PermanentMac),
            ["status.facts.links.driver"] = n => Links(n, l => l.Driver),
            ["status.facts.links.busPath"] = n => Links(n, l => l.BusPath),
            ["status.facts.bonds.name"] = n => n.Facts?.Bonds.Select(b => b.Name) ?? [],
            ["status.facts.systemDisk"] = n => [n.Facts?.SystemDisk ?? ""],
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every path but the labels' and annotations', which have the names that people gave them.</summary>
    public static IReadOnlyList<string> Paths => Fields.Keys;

    public static bool Knows(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Fields.ContainsKey(path) || path.StartsWith(Label, StringComparison.Ordinal)
            || path.StartsWith(Annotation, StringComparison.Ordinal);
    }

    public static IEnumerable<string> Values(NodeRecord node, string path)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(path);
        if (path.StartsWith(Label, StringComparison.Ordinal))
            return node.Metadata.Labels.TryGetValue(path[Label.Length..], out var label) ? [label] : [];
        if (path.StartsWith(Annotation, StringComparison.Ordinal))
            return node.Metadata.Annotations.TryGetValue(path[Annotation.Length..], out var value) ? [value] : [];
        return Fields.TryGetValue(path, out var field) ? field(node).Where(v => v != "") : [];
    }

    private static IEnumerable<string> Disks(NodeRecord node, Func<Disk, string> field) => node.Facts?.Disks.Select(field) ?? [];

    private static IEnumerable<string> Links(NodeRecord node, Func<Link, string> field) => node.Facts?.Links.Select(field) ?? [];

    private static string RoleName(Role role) => role == Role.Unspecified ? "" : "ROLE_" + Upper(role.ToString());

    private static string Bool(bool value) => value ? "true" : "false";

    private static string Upper(string name) =>
        string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : char.ToUpperInvariant(c).ToString()));
}
