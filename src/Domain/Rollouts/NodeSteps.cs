using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>What a step may look at.</summary>
internal sealed record StepContext(RolloutRecord Rollout, RolloutNode Node, RolloutFacts Facts)
{
    /// <summary>The node as it is known now.</summary>
    public NodeRecord Record { get; } = Facts.Member(Node.Node)
        ?? new NodeRecord(new ResourceMetadata(Node.Node, "", default));

    /// <summary>What was seen last, or null when that was too long ago to be proof.</summary>
    public NodeObservation? Seen => Record.Observed is { } seen && Facts.Now - seen.Time <= RolloutFacts.Freshness ? seen : null;

    /// <summary>The node answers and runs what it should run after the rollout.</summary>
    public bool RunsTarget => Seen is { ApiMode: ApiMode.Secure } seen && seen.TalosVersion == Node.ToVersion
        && (Node.ToSchematic == "" || seen.SchematicId == Node.ToSchematic);

    public bool HasLifecycleService => UpgradePaths.HasLifecycleService(Node.FromVersion);

    /// <summary>The first red gate, or null when the cluster can bear what follows.</summary>
    /// <param name="withQuorum">The node is about to go: etcd must bear that, too.</param>
    public GateResult? RedGate(bool withQuorum)
    {
        var facts = new GateFacts(Facts.Members, "", Facts.Now, RolloutFacts.Freshness);
        var gates = withQuorum ? Gates.Before(Node.Role, facts, Rollout.Spec.Strategy.AllowControlPlaneDowntime) : Gates.All(facts);
        return gates.FirstOrDefault(g => g.Verdict != GateVerdict.Pass);
    }
}

/// <summary>
/// The steps of one node (rollouts.md 3.7). Each is a function of what was stored and what is seen, so that a restarted coordinator
/// continues by looking. The steps up to <see cref="RolloutStepKind.Install"/> are here, the others in <see cref="DisruptionSteps"/>.
/// </summary>
internal static class NodeSteps
{
    /// <summary>How often an order is tried whose failure may pass by itself.</summary>
    internal const int MaximumAttempts = 5;

    public static StepOutcome Run(StepContext c) => c.Node.Current!.Kind switch
    {
        RolloutStepKind.Admit => Admit(c),
        RolloutStepKind.PreGates => WhenGreen(c, withQuorum: true, RolloutNodeState.Waiting),
        RolloutStepKind.Pull => Pull(c),
        RolloutStepKind.Record => Record(c),
        RolloutStepKind.Install => Install(c),
        _ => DisruptionSteps.Run(c),
    };

    private static StepOutcome Admit(StepContext c)
    {
        if (c.Record.Spec.Locked)
            return new StepOutcome.Leave(RolloutNodeState.Skipped, "locked by a person");
        if (c.Record.QuarantineReason != "")
        {
            return new StepOutcome.Stop(RolloutNodeState.Waiting,
                $"{c.Node.Hostname} is quarantined ({c.Record.QuarantineReason}); look at it, then: cozyfleet node clear-quarantine {c.Node.Node}");
        }
        if (c.Facts.Lease?.Holder != c.Rollout.Holder)
        {
            return new StepOutcome.Wait($"the exclusion lease of cluster {c.Rollout.Spec.Cluster}",
                c.Facts.Lease is { } held ? $"held by {held.Holder} ({held.Purpose})" : "not taken yet", RolloutNodeState.Waiting,
                "the end of what holds it");
        }
        if (c.Record.Spec.Paused)
        {
            return new StepOutcome.Wait($"{c.Node.Hostname} is not paused any more", "spec.paused is true", RolloutNodeState.Waiting,
                $"cozyfleet node unpause {c.Node.Node}");
        }
        return Continue(c);
    }

    // Where a node stands that an earlier try left behind: by what is seen, not by what was planned.
    private static StepOutcome Continue(StepContext c) => c.Node switch
    {
        { DisruptionStartTime: not null, DisruptionEndTime: null } =>
            new StepOutcome.GoTo(RolloutStepKind.Verify, "it was rebooted before; its return is judged first"),
        _ when !c.RunsTarget || c.Seen!.FallbackPending => new StepOutcome.Done(),
        { InstallBootId: not "" } => new StepOutcome.GoTo(RolloutStepKind.NodeReady, $"runs {c.Node.ToVersion}"),
        _ => new StepOutcome.Leave(RolloutNodeState.Done, $"runs {c.Node.ToVersion} already"),
    };

    /// <summary>Waits for all gates; a gate that cannot be read is red.</summary>
    internal static StepOutcome WhenGreen(StepContext c, bool withQuorum, RolloutNodeState onTimeout) => c.RedGate(withQuorum) is not { } red
        ? new StepOutcome.Done()
        : new StepOutcome.Wait($"gate {red.Id}", $"{red.Message} ({red.Observed})", onTimeout);

    private static StepOutcome Pull(StepContext c) => !c.HasLifecycleService
        ? new StepOutcome.Skip("the upgrade call of this version pulls by itself")
        : ByOrder(c, new OrderAction.PullImage(c.Rollout.Installer), repeatUnknown: true);

    private static StepOutcome Record(StepContext c) => c.Seen is { ApiMode: ApiMode.Secure, BootId: not "" }
        ? new StepOutcome.Done()
        : new StepOutcome.Wait($"{c.Node.Hostname} answers with its boot id", c.Record.Observed?.ApiMode.ToString() ?? "nothing",
            RolloutNodeState.Waiting);

    // At most one installer run on one boot id (I3). A run of unknown outcome is not repeated: the version that comes up tells.
    private static StepOutcome Install(StepContext c)
    {
        if (!c.HasLifecycleService)
            return new StepOutcome.Skip("the upgrade call of this version installs and reboots");
        if (c.Node.LastResult is null && c.Node.InstallBootId != "" && c.Node.InstallBootId == c.Node.BootIdBefore)
            return new StepOutcome.Skip("the installer ran on this boot before");
        return c.Node.LastResult switch
        {
            null => new StepOutcome.Order(new OrderAction.InstallUpgrade(c.Rollout.Installer)),
            { Outcome: OrderOutcome.Succeeded } => new StepOutcome.Done("installed; the node runs the old version until its reboot"),
            { Outcome: OrderOutcome.Unknown } r => new StepOutcome.Done($"the outcome is unknown ({r.Message}); the reboot tells"),
            // Codes 2 to 5 are raised before the disk is touched, so that these may be tried again on the same boot (rollouts.md 2.5).
            { ExitCode: 0 or (>= 2 and <= 5) } => ByOrder(c, new OrderAction.InstallUpgrade(c.Rollout.Installer), repeatUnknown: false),
            { } r => new StepOutcome.Stop(RolloutNodeState.Failed, $"{c.Node.Hostname}: {r.Message}", Quarantine: true),
        };
    }

    /// <summary>An order with the policy of its failure's class (rollouts.md 3.9).</summary>
    /// <param name="repeatUnknown">The order may be repeated when nobody knows how it ended.</param>
    internal static StepOutcome ByOrder(StepContext c, OrderAction action, bool repeatUnknown) => c.Node.LastResult switch
    {
        null => new StepOutcome.Order(action),
        { Outcome: OrderOutcome.Succeeded } r => new StepOutcome.Done(r.Message),
        { Outcome: OrderOutcome.Unknown } r when !repeatUnknown => new StepOutcome.Done($"the outcome is unknown: {r.Message}"),
        { Outcome: OrderOutcome.Unknown } r => RetryOrStop(c, TimeSpan.FromSeconds(2), r),
        { Outcome: OrderOutcome.Refused } r => new StepOutcome.Stop(RolloutNodeState.Failed, $"{c.Node.Hostname}: the agent refused it: {r.Message}"),
        { FailureClass: FailureClass.Transient } r => new StepOutcome.Retry(BackOff(c, 1), r.Message),
        { FailureClass: FailureClass.Contention } r => new StepOutcome.Retry(TimeSpan.FromSeconds(5), r.Message),
        { FailureClass: FailureClass.Environment } r => RetryOrStop(c, BackOff(c, 5), r),
        { } r => new StepOutcome.Stop(RolloutNodeState.Failed, $"{c.Node.Hostname}: {r.Message}"),
    };

    private static StepOutcome RetryOrStop(StepContext c, TimeSpan delay, OrderResult result) => c.Node.Attempts < MaximumAttempts
        ? new StepOutcome.Retry(delay, result.Message)
        : new StepOutcome.Stop(RolloutNodeState.Failed, $"{c.Node.Hostname}: {result.Message} (tried {c.Node.Attempts} times)");

    private static TimeSpan BackOff(StepContext c, double seconds) =>
        TimeSpan.FromSeconds(Math.Min(120, seconds * Math.Pow(2, Math.Max(0, c.Node.Attempts - 1))));
}
