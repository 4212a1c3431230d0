using System.Globalization;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of a rack.</summary>
internal static class RackRows
{
    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<Rack>("AGENT", rack => Agent(rack.Status?.Agent)),
        Column.Of<Rack>("VERSION", rack => rack.Status?.Agent?.Version ?? ""),
        Column.Of<Rack>("NODES", rack => (rack.Status?.NodeCount ?? 0).ToString(CultureInfo.InvariantCulture)),
        Column.Of<Rack>("LEASES", rack => (rack.Status?.Agent?.Leases ?? 0).ToString(CultureInfo.InvariantCulture)),
        Column.Of<Rack>("DISCOVERY", rack => rack.Spec?.DiscoveryImage ?? ""),
        CommonRows.Age,
        Column.WhenAny<Rack>("WAITING", rack => Words.Waiting(rack.Status?.Waiting)),
    ];

    public static IEnumerable<Line> Describe(Rack rack, DateTimeOffset now)
    {
        var (spec, status) = (rack.Spec ?? new(), rack.Status ?? new());
        var agent = status.Agent ?? new();
        return
        [
            .. Line.Pairs(
                ("Discovery image", spec.DiscoveryImage),
                ("Boot menu", spec.BootMenuTimeout is { } menu ? $"{menu.ToTimeSpan().TotalSeconds:0.###} s" : ""),
                ("Failure domain", Words.Pairs(spec.FailureDomain)),
                ("Nodes", status.NodeCount.ToString(CultureInfo.InvariantCulture)),
                ("Agent", Agent(status.Agent)),
                ("Agent version", agent.Version),
                ("Last seen", Words.Time(agent.LastSeenTime)),
                ("Boot URL", agent.BootUrl),
                ("Events to", agent.EventSink),
                ("Kernel logs to", agent.KernelLog),
                ("Certificate until", Words.Time(agent.CertificateExpireTime)),
                ("Leases", agent.Leases.ToString(CultureInfo.InvariantCulture))),
            .. Line.Section("Accepts", spec.AcceptanceRules.Select(rule => $"{rule.Name}: {rule.Filter}")),
            .. Line.Section("Images", status.Images.Select(Image)),
            .. Line.Section("Refused", agent.Refused.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => $"{pair.Key}: {pair.Value}")),
            .. CommonRows.Conditions(status.Conditions),
            .. CommonRows.Waiting(status.Waiting is { } waiting ? [waiting] : [], now),
        ];
    }

    private static string Image(CachedImage image) =>
        $"{image.Image} {Words.Of(image.State)}{(image.Message == "" ? "" : $": {image.Message}")}";

    private static string Agent(AgentStatus? agent) => agent switch
    {
        null or { Connected: false, LastSeenTime: null } => "never seen",
        { Connected: true } => "connected",
        _ => "away",
    };
}
