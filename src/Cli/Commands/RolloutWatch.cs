using Cozy.Fleet.Cli.Hosting;
using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Cli.Output;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Commands;

/// <summary>Shows a rollout node by node until it ends, and says how it ended.</summary>
internal static class RolloutWatch
{
    public static async Task<int> ToTheEndAsync(Session session, string name, CancellationToken cancellation)
    {
        var (last, _) = await Follow(name).ToTheEndAsync(session, TimeSpan.Zero, cancellation);
        return Unfinished(last) is { } sentence ? throw new Failure(ExitCode.RolloutUnfinished, sentence) : ExitCode.Ok;
    }

    /// <summary>What changed between two sights of a rollout, a line each.</summary>
    internal static IEnumerable<string> Changes(Rollout? before, Rollout now)
    {
        var (old, status) = (before?.Status ?? new(), now.Status ?? new());
        foreach (var node in status.Nodes)
        {
            var former = old.Nodes.FirstOrDefault(one => one.Node == node.Node);
            if (former is null ? node.State != RolloutNodeState.Waiting : Line(former) != Line(node))
                yield return Line(node);
        }
        if (before is null || Summary(before) != Summary(now))
            yield return Summary(now);
    }

    /// <summary>Why it did not finish as asked, in one sentence; null when it did.</summary>
    internal static string? Unfinished(Rollout rollout)
    {
        var (name, status) = (rollout.Metadata.Name, rollout.Status ?? new());
        return status.State switch
        {
            RolloutState.Done => null,
            RolloutState.Stopped => $"Rollout {name} stopped after {RolloutRows.Progress(rollout)} nodes: {Reason(status)}; "
                + $"`cozyfleet rollout resume {name}` goes on, `cozyfleet rollout abort {name}` ends it.",
            RolloutState.Paused =>
                $"Rollout {name} is paused after {RolloutRows.Progress(rollout)} nodes; `cozyfleet rollout resume {name}` goes on.",
            _ => $"Rollout {name} was aborted after {RolloutRows.Progress(rollout)} nodes: {Reason(status)}.",
        };
    }

    private static Following<Rollout> Follow(string name) => new(KindTable.Rollout, name, IsOver)
    {
        Draw = (rollout, now) => new(
            RolloutRows.NodeHeadings, [.. (rollout.Status ?? new()).Nodes.Select(node => RolloutRows.Node(node, now))], Summary(rollout)),
        Lines = Changes,
    };

    private static bool IsOver(Rollout rollout) => rollout.Status?.State is
        RolloutState.Done or RolloutState.Stopped or RolloutState.Aborted or RolloutState.Paused;

    private static string Line(RolloutNode node)
    {
        var step = node.Step == "" || node.State == RolloutNodeState.Done ? "" : $" {node.Step}";
        var note = RolloutRows.Note(node);
        return $"{RolloutRows.Who(node)} {Words.Of(node.State)}{step}{(note == "" ? "" : $": {note}")}";
    }

    private static string Summary(Rollout rollout)
    {
        var status = rollout.Status ?? new();
        var waiting = Words.Waiting(status.Waiting);
        var requested = status.Requested == "" ? "" : $", {status.Requested} asked for";
        return $"rollout {rollout.Metadata.Name} {Words.Of(status.State)}, {RolloutRows.Progress(rollout)} nodes done{requested}"
            + (waiting == "" ? "" : $", waits for {waiting}");
    }

    private static string Reason(RolloutStatus status) =>
        status.StopReason == "" ? "a person asked for it" : status.StopReason.TrimEnd('.', ' ');
}
