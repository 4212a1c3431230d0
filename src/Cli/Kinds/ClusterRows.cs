using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of a cluster.</summary>
internal static class ClusterRows
{
    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<Cluster>("PHASE", cluster => Words.Of(Status(cluster).Phase)),
        Column.Of<Cluster>("READY", Ready),
        Column.Of<Cluster>("IMAGE", cluster => cluster.Spec?.Image ?? ""),
        Column.Of<Cluster>("KUBERNETES", cluster => cluster.Spec?.KubernetesVersion ?? ""),
        Column.Of<Cluster>("ENDPOINT", cluster => Status(cluster).Endpoint),
        CommonRows.Age,
        Column.WhenAny<Cluster>("WAITING", cluster => Words.Waiting(Status(cluster).Waiting.FirstOrDefault())),
    ];

    /// <summary>The members as the live table of `cluster wait` shows them.</summary>
    public static IReadOnlyList<string> MemberHeadings { get; } = ["NODE", "HOSTNAME", "ROLE", "PHASE", "TALOS", "READY", "ADDRESS"];

    public static IReadOnlyList<string> Member(ClusterMember member) =>
    [
        member.Node, member.Hostname, Words.Of(member.Role), Words.Of(member.Phase), member.TalosVersion,
            Words.YesNo(member.Ready), member.Address,
    ];

    public static IEnumerable<Line> Describe(Cluster cluster, DateTimeOffset now)
    {
        var (spec, status) = (cluster.Spec ?? new(), Status(cluster));
        return
        [
            .. Line.Pairs(
                ("Phase", Words.Of(status.Phase)),
                ("Endpoint", status.Endpoint == "" ? spec.Endpoint : status.Endpoint),
                ("Image", spec.Image),
                ("Runs", status.Image),
                ("Kubernetes", spec.KubernetesVersion),
                ("Bootstrapped", status.BootstrapTime is null ? "" : $"{Words.Time(status.BootstrapTime)} on {status.BootstrapNode}"),
                ("Lease", Lease(status.Lease))),
            .. Line.Section("Patches", spec.Patches.Select(patch => patch.Name)),
            .. Line.Section("Members", Table.Rows(MemberHeadings, status.Members.Select(Member))),
            .. CommonRows.Conditions(status.Conditions),
            .. CommonRows.Waiting(status.Waiting, now),
        ];
    }

    public static string Ready(Cluster cluster) =>
        $"{Status(cluster).Members.Count(member => member.Ready)}/{Status(cluster).Members.Count}";

    private static string Lease(ExclusionLease? lease) =>
        lease is null || lease.Holder == "" ? "" : $"{lease.Holder} ({lease.Purpose}, number {lease.FencingNumber})";

    private static ClusterStatus Status(Cluster cluster) => cluster.Status ?? new();
}
