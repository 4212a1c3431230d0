using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cozy.Fleet.Demo;

/// <summary>What a run came to; `--json` prints it.</summary>
internal sealed record Summary
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public required IReadOnlyList<NodeSummary> Nodes { get; init; }

    /// <summary>One for each version that the upgrade stopped at, in their order.</summary>
    public required IReadOnlyList<RolloutSummary> Rollouts { get; init; }

    /// <summary>The last of them.</summary>
    public RolloutSummary Rollout => Rollouts[^1];

    /// <summary>As the simulator saw it.</summary>
    public required int MaxConcurrentDisruptions { get; init; }

    public required PhaseTimes Phases { get; init; }

    public required TraceIds TraceIds { get; init; }

    public required string Directory { get; init; }

    public required IReadOnlyList<string> Logs { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, Format);

    /// <summary>The same for people.</summary>
    public IEnumerable<string> Sentences()
    {
        var s = (double seconds) => Stopwatches.Show(seconds);
        foreach (var rollout in Rollouts)
        {
            yield return $"rollout {rollout.Name}: {rollout.State}";
            foreach (var step in rollout.Steps)
            {
                yield return step.End is { } end
                    ? $"  {step.Hostname} was down for {s((end - step.Start).TotalSeconds)}"
                    : $"  {step.Hostname} went down and is not back";
            }
        }
        yield return $"machines down at once: {MaxConcurrentDisruptions}, as they saw it themselves";
        yield return $"times: start {s(Phases.Start)}, discovery {s(Phases.Discovery)}, cluster {s(Phases.Cluster)}, "
            + $"kubeconfig {s(Phases.Kubeconfig)}, rollout {s(Phases.Rollout)}";
        yield return $"traces: rollout {string.Join(" ", Rollouts.Select(r => r.TraceId))}; boots {string.Join(" ", TraceIds.Boots)}";
        yield return $"logs: {string.Join(" ", Logs)}";
    }
}

/// <param name="Upgrades">How often an upgrade's installer ran on the machine, as the simulator saw it.</param>
internal sealed record NodeSummary(string Name, string Hostname, string Role, string Firmware)
{
    public required string TalosVersion { get; init; }

    public required string Address { get; init; }

    /// <summary>The trace of the boot that made it a member.</summary>
    public required string BootTraceId { get; init; }

    public required int Upgrades { get; init; }
}

internal sealed record RolloutSummary(string Name, string State, string TraceId, string StopReason, IReadOnlyList<StepSummary> Steps);

/// <summary>A node's disruption. One that has not ended has no end.</summary>
internal sealed record StepSummary(string Node, string Hostname, DateTimeOffset Start, DateTimeOffset? End);

/// <summary>Seconds.</summary>
internal sealed record PhaseTimes(double Start, double Discovery, double Cluster, double Kubeconfig, double Rollout);

internal sealed record TraceIds(IReadOnlyList<string> Boots, string Rollout);
