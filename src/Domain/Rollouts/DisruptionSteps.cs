using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>The steps from the cordon on: what workloads and quorum feel, and the way back (rollouts.md 3.7, steps 8 to 18).</summary>
internal static class DisruptionSteps
{
    /// <summary>A reboot call that had no effect is repeated this often in all.</summary>
    private const int MaximumReboots = 3;

    // Long enough for Talos to stop its services before the machine goes down.
    private static readonly TimeSpan RebootPatience = TimeSpan.FromMinutes(3);

    public static StepOutcome Run(StepContext c) => c.Node.Current!.Kind switch
    {
        RolloutStepKind.RecheckGates => RecheckGates(c),
        RolloutStepKind.Cordon => NodeSteps.ByOrder(c, new OrderAction.Cordon(c.Rollout.Holder), repeatUnknown: true),
        RolloutStepKind.Drain => Drain(c),
        RolloutStepKind.Reboot => Reboot(c),
        RolloutStepKind.Verify => Verify(c),
        RolloutStepKind.NodeReady => NodeReady(c),
        RolloutStepKind.Uncordon => Uncordon(c),
        RolloutStepKind.PostGates => NodeSteps.WhenGreen(c, withQuorum: false, RolloutNodeState.Failed),
        _ => Soak(c),
    };

    // The gates may have changed while the image was pulled; and etcd's leader steps down before it is rebooted.
    private static StepOutcome RecheckGates(StepContext c)
    {
        if (NodeSteps.WhenGreen(c, withQuorum: true, RolloutNodeState.Failed) is StepOutcome.Wait red)
            return red;
        var alone = c.Facts.Members.Count(n => n.Allocation?.Role == Role.ControlPlane) < 2;
        if (c.Node.Role != Role.ControlPlane || alone || !RolloutPlan.IsEtcdLeader(c.Record))
            return new StepOutcome.Done();
        return c.Node.LastResult is { Outcome: OrderOutcome.Succeeded }
            ? new StepOutcome.Wait("another member leads etcd", $"{c.Node.Hostname} still leads", RolloutNodeState.Failed)
            : NodeSteps.ByOrder(c, new OrderAction.ForfeitLeadership(), repeatUnknown: true);
    }

    private static StepOutcome Drain(StepContext c) => c.Node.LastResult switch
    {
        { Outcome: OrderOutcome.Failed, FailureClass: FailureClass.Contention } r =>
            new StepOutcome.GiveUp($"{c.Node.Hostname} cannot be drained: {r.Message}"),
        _ => NodeSteps.ByOrder(c, new OrderAction.Drain(c.Rollout.Spec.Strategy.DrainTimeout), repeatUnknown: true),
    };

    private static StepOutcome Reboot(StepContext c)
    {
        if (c.Seen is { ApiMode: ApiMode.Secure, BootId: not "" } seen && seen.BootId != c.Node.BootIdBefore)
            return new StepOutcome.Done("the node is on another boot");
        return c.HasLifecycleService
            ? NodeSteps.ByOrder(c, new OrderAction.Reboot(), repeatUnknown: false)
            : LegacyUpgrade(c);
    }

    // One call that installs and reboots. A refusal happened before anything was written; any other end is told by the boot.
    private static StepOutcome LegacyUpgrade(StepContext c) => c.Node is { LastResult: null, InstallBootId: not "" } node && node.InstallBootId == node.BootIdBefore
        ? new StepOutcome.Done("the upgrade was called on this boot before; the reboot tells")
        : NodeSteps.ByOrder(c, new OrderAction.LegacyUpgrade(c.Rollout.Installer, UpgradePaths.NeedsPreserve(c.Node.FromVersion)), repeatUnknown: false);

    private static StepOutcome Verify(StepContext c)
    {
        var node = c.Node;
        if (c.Seen is not { ApiMode: ApiMode.Secure, BootId: not "" } seen)
            return Back($"it does not answer ({c.Seen?.Error ?? "nothing was seen lately"})");
        if (seen.BootId == node.BootIdBefore)
            return SameBoot(c, seen);
        if (seen.TalosVersion != node.ToVersion)
            return WrongVersion(node, seen);
        if (node.ToSchematic != "" && seen.SchematicId != "" && seen.SchematicId != node.ToSchematic)
        {
            return new StepOutcome.Stop(RolloutNodeState.Failed,
                $"{node.Hostname} came back with schematic {seen.SchematicId}, expected {node.ToSchematic}", Quarantine: true);
        }
        if (seen is not { Stage: MachineStage.Running, Ready: true })
            return Back($"{seen.Stage}, {string.Join("; ", seen.UnmetConditions.Select(u => $"{u.Name}: {u.Reason}"))}");
        return seen.FallbackPending
            ? Back("running and ready, but Talos has not confirmed the boot yet")
            : new StepOutcome.Done($"runs {seen.TalosVersion}");

        StepOutcome Back(string observed) => new StepOutcome.Wait($"{node.Hostname} is back with {node.ToVersion}", observed, RolloutNodeState.Failed);
    }

    private static StepOutcome SameBoot(StepContext c, NodeObservation seen)
    {
        var waiting = new StepOutcome.Wait($"{c.Node.Hostname} goes down for its reboot", $"still on boot {seen.BootId}, {seen.Stage}", RolloutNodeState.Failed);
        var reboots = c.Node.Steps.Count(s => s.Kind == RolloutStepKind.Reboot);
        // The legacy call is never repeated: it would install a second time on this boot.
        var again = c.HasLifecycleService && seen.Stage == MachineStage.Running && reboots < MaximumReboots
            && c.Facts.Now - c.Node.Current!.StartTime > RebootPatience;
        return again ? new StepOutcome.GoTo(RolloutStepKind.Reboot, "the reboot call had no effect") : waiting;
    }

    private static StepOutcome WrongVersion(RolloutNode node, NodeObservation seen) => seen.TalosVersion == ""
        ? new StepOutcome.Wait($"{node.Hostname} tells its version", "not yet", RolloutNodeState.Failed)
        : seen.TalosVersion == node.FromVersion
        ? new StepOutcome.Stop(RolloutNodeState.RolledBack,
            $"{node.Hostname} came back with {seen.TalosVersion}, expected {node.ToVersion}: it fell back to its other boot slot", Quarantine: true)
        : new StepOutcome.Stop(RolloutNodeState.Failed,
            $"{node.Hostname} came back with {seen.TalosVersion}, expected {node.ToVersion}: somebody else changes it", Quarantine: true);

    private static StepOutcome NodeReady(StepContext c)
    {
        if (c.Seen?.Kubernetes is not { Reachable: true, NodeFound: true } kubernetes)
            return Ready(c.Seen?.Kubernetes?.Error is { Length: > 0 } error ? error : "the API server does not tell of it");
        // The kubelet's own boot id proves that Ready is said of this boot; older Talos shows us a boot time instead.
        var kernelId = !c.Seen.BootId.StartsWith("booted-", StringComparison.Ordinal);
        if (kernelId && kubernetes.BootId != c.Seen.BootId)
            return Ready($"the Node still tells of boot {kubernetes.BootId}");
        return kubernetes.Ready ? new StepOutcome.Done() : Ready("the Node is not Ready");

        StepOutcome Ready(string observed) =>
            new StepOutcome.Wait($"the Kubernetes Node {c.Node.Hostname} is Ready after its boot", observed, RolloutNodeState.Failed);
    }

    private static StepOutcome Uncordon(StepContext c)
    {
        var outcome = NodeSteps.ByOrder(c, new OrderAction.Uncordon(c.Rollout.Holder), repeatUnknown: true);
        return outcome is StepOutcome.Done && c.Node.Failure != ""
            ? new StepOutcome.Stop(RolloutNodeState.Failed, c.Node.Failure)
            : outcome;
    }

    private static StepOutcome Soak(StepContext c)
    {
        if (c.RedGate(withQuorum: false) is { } red)
            return new StepOutcome.Wait($"gate {red.Id} stays green", $"{red.Message} ({red.Observed})", RolloutNodeState.Failed, RestartsSoak: true);
        var green = c.Node.RetryTime ?? c.Node.Current!.StartTime;
        var left = c.Rollout.Spec.Strategy.Soak - (c.Facts.Now - green);
        return left <= TimeSpan.Zero
            ? new StepOutcome.Done()
            : new StepOutcome.Wait($"green for {c.Rollout.Spec.Strategy.Soak.TotalSeconds:0} s", $"since {green:HH:mm:ss}", RolloutNodeState.Failed);
    }
}
