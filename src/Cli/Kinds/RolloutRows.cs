using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>What is shown of a rollout.</summary>
internal static class RolloutRows
{
    public static IReadOnlyList<Column> Columns { get; } =
    [
        CommonRows.Name,
        Column.Of<Rollout>("CLUSTER", rollout => rollout.Spec?.Cluster ?? ""),
        Column.Of<Rollout>("IMAGE", rollout => rollout.Spec?.TalosUpgrade?.Image ?? ""),
        Column.Of<Rollout>("STATE", State),
        Column.Of<Rollout>("DONE", Progress),
        Column.Of<Rollout>("IN FLIGHT", rollout => string.Join(',', InFlight(rollout).Select(Who))),
        CommonRows.Age,
        Column.WhenAny<Rollout>("WAITING", rollout => Words.Waiting(Status(rollout).Waiting)),
    ];

    /// <summary>The nodes as the live table of `rollout watch` shows them.</summary>
    public static IReadOnlyList<string> NodeHeadings { get; } = ["NODE", "ROLE", "FROM", "TO", "STATE", "STEP", "SINCE", "WAITING"];

    public static IReadOnlyList<string> Node(RolloutNode node, DateTimeOffset now) =>
    [
        Who(node), Words.Of(node.Role), node.FromVersion, node.ToVersion, Words.Of(node.State), node.Step,
        Words.Age(Step(node)?.StartTime, now), Note(node),
    ];

    public static string Who(RolloutNode node) => node.Hostname == "" ? node.Node : node.Hostname;

    /// <summary>Why the node waits, or what it said last.</summary>
    public static string Note(RolloutNode node) => Words.Waiting(node.Waiting) is { Length: > 0 } waiting ? waiting : node.Message;

    public static string Progress(Rollout rollout) =>
        $"{Status(rollout).Nodes.Count(node => node.State == RolloutNodeState.Done)}/{Status(rollout).Nodes.Count}";

    public static IEnumerable<Line> Describe(Rollout rollout, DateTimeOffset now)
    {
        var status = Status(rollout);
        return
        [
            .. Line.Pairs(
                ("Cluster", rollout.Spec?.Cluster ?? ""),
                ("Image", rollout.Spec?.TalosUpgrade?.Image ?? ""),
                ("State", State(rollout)),
                ("Stopped because", status.StopReason),
                ("Started", Words.Time(status.StartTime)),
                ("Ended", Words.Time(status.EndTime)),
                ("Plan", status.PlanDigest),
                ("Trace", status.TraceId)),
            .. Line.Section("Nodes", Table.Rows(NodeHeadings, status.Nodes.Select(node => Node(node, now)))),
            .. CommonRows.Waiting(status.Waiting is { } waiting ? [waiting] : [], now),
        ];
    }

    private static string State(Rollout rollout) =>
        Words.Of(Status(rollout).State) + (Status(rollout).Requested == "" ? "" : $" ({Status(rollout).Requested} asked for)");

    private static IEnumerable<RolloutNode> InFlight(Rollout rollout) =>
        Status(rollout).Nodes.Where(node => node.State == RolloutNodeState.InFlight);

    private static RolloutStep? Step(RolloutNode node) => node.Steps.LastOrDefault(step => step.Name == node.Step);

    private static RolloutStatus Status(Rollout rollout) => rollout.Status ?? new();
}
