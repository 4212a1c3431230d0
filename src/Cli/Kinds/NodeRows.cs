using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of a node.</summary>
internal static class NodeRows
{
    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<Node>("PHASE", node => Words.Of(Status(node).Phase)),
        Column.Of<Node>("HOSTNAME", node => Status(node).Hostname),
        Column.Of<Node>("ROLE", node => Words.Of(Status(node).Role)),
        Column.Of<Node>("CLUSTER", node => Status(node).Cluster),
        Column.Of<Node>("RACK", node => Status(node).Rack),
        Column.Of<Node>("TALOS", node => Status(node).TalosVersion),
        Column.Of<Node>("READY", node => Words.YesNo(Status(node).Ready)),
        Column.Of<Node>("ADDRESS", node => Status(node).Address),
        CommonRows.Age,
        Column.WhenAny<Node>("WAITING", node => Words.Waiting(Status(node).Waiting)),
    ];

    public static IEnumerable<Line> Describe(Node node, DateTimeOffset now)
    {
        var status = Status(node);
        return
        [
            .. Decisions(node),
            .. Software(status),
            .. Hardware(status),
            .. Line.Section("Not ready because", status.UnmetConditions.Select(unmet => $"{unmet.Name}: {unmet.Reason}")),
            .. Operation(status.Operation, now),
            .. CommonRows.Conditions(status.Conditions),
            .. CommonRows.Waiting(status.Waiting is { } waiting ? [waiting] : [], now),
        ];
    }

    private static IEnumerable<Line> Decisions(Node node)
    {
        var spec = node.Spec ?? new();
        var acceptance = spec.Acceptance ?? new();
        var by = acceptance.DecidedBy == "" ? "" : $" by {acceptance.DecidedBy}";
        return Line.Pairs(
            ("Phase", Words.Of(Status(node).Phase)),
            ("Acceptance", Words.Of(acceptance.State) + by),
            ("Paused", spec.Paused ? "yes" : ""),
            ("Locked", spec.Locked ? "yes" : ""),
            ("Quarantine", Status(node).QuarantineReason),
            ("Role hint", Words.Of(spec.RoleHint)),
            ("Install disk", spec.InstallDisk),
            ("BMC", spec.Bmc is { } bmc ? $"{Words.Of(bmc.Kind)} at {bmc.Address}" : ""),
            ("Boot decision", Status(node).BootDecision));
    }

    private static IEnumerable<Line> Software(NodeStatus status) => Line.Pairs(
        ("Rack", status.Rack),
        ("Cluster", status.Cluster),
        ("Role", Words.Of(status.Role)),
        ("Hostname", status.Hostname),
        ("Address", status.Address),
        ("Talos", status.TalosVersion),
        ("Schematic", status.SchematicId),
        ("Kubelet", status.KubeletVersion),
        ("Stage", Words.Of(status.Stage)),
        ("Ready", Words.YesNo(status.Ready)),
        ("Last seen", Words.Time(status.LastSeenTime)),
        ("Boot trace", status.BootTraceId));

    private static IEnumerable<Line> Hardware(NodeStatus status)
    {
        var facts = status.Facts ?? new();
        return
        [
            .. Line.Pairs(
                ("Machine", string.Join(' ', Said(facts.Manufacturer, facts.Product))),
                ("Serial", facts.Serial),
                ("UUID", status.Uuid),
                ("MAC", string.Join(", ", status.Macs)),
                ("Firmware", string.Join(' ', Said(Words.Of(status.Firmware), Words.Of(status.Architecture)))),
                ("CPU threads", facts.CpuThreads == 0 ? "" : $"{facts.CpuThreads}"),
                ("Memory", Words.Bytes(facts.MemoryBytes))),
            .. Line.Section("Disks", facts.Disks.Select(disk => Disk(disk, facts.SystemDisk))),
            .. Line.Section("Links", facts.Links.Select(Link)),
            .. Line.Section("Bonds", facts.Bonds.Select(Bond)),
        ];
    }

    private static string Disk(Disk disk, string systemDisk) => string.Join(' ', Said(
        disk.Device, Words.Bytes(disk.SizeBytes), disk.Transport, disk.Model, Named("serial", disk.Serial), disk.Wwid,
        Named("at", disk.BusPath), disk.Device == systemDisk ? "system disk" : "", disk.ReadOnly ? "read-only" : ""));

    private static string Link(Link link) => string.Join(' ', Said(
        link.Name, link.Mac, link.CurrentMac is var now && now != "" && now != link.Mac ? $"(now {now})" : "", link.Up ? "up" : "down",
        string.Join(' ', link.Addresses), link.Driver, Named("at", link.BusPath)));

    private static string Bond(Bond bond) => string.Join(' ', Said(
        bond.Name, bond.Mac, bond.Up ? "up" : "down", string.Join(' ', bond.Addresses), bond.Mode, "of", string.Join(", ", bond.Members)));

    private static string Named(string name, string value) => value == "" ? "" : $"{name} {value}";

    private static IEnumerable<string> Said(params string[] words) => words.Where(word => word != "");

    private static IEnumerable<Line> Operation(NodeOperation? operation, DateTimeOffset now) => operation is null
        ? []
        : Line.Pairs(("Operation",
            $"{operation.Kind}, step {operation.Step}, by {operation.Owner}, for {Words.Age(operation.StartTime, now)}"));

    private static NodeStatus Status(Node node) => node.Status ?? new();
}
