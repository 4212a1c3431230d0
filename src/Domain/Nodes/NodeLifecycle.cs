using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>A machine's life (rollouts.md 1.2, 1.4): what each message makes of its record. Late and repeated ones change nothing.</summary>
public static class NodeLifecycle
{
    /// <summary>A loop is this many full network boots of an installed machine (rollouts.md 1.5)…</summary>
    public const int LoopCount = 2;

    /// <summary>…within this time.</summary>
    public static readonly TimeSpan LoopWindow = TimeSpan.FromMinutes(15);

    public static NodeRecord New(string name, string uid, DateTimeOffset now) =>
        new(new ResourceMetadata(name, uid, now)) { PhaseTime = now };

    /// <summary>A step of the machine's network boot.</summary>
    public static NodeChange Boot(NodeRecord node, string rack, BootReport report, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(context);
        if (IsStranger(node, report.Mac))
            return new(node, report.Stage == BootStage.Held ? [NodeEvents.Stranger(node, report)] : []);
        if (report.Time < node.LastSeenTime)
            return Finish(node, Identify(node, rack, report), [], context);

        var next = Identify(node, rack, report) with
        {
            LastSeenTime = report.Time,
            Address = Or(report.Address, node.Address),
            BootTraceparent = Or(report.Traceparent, node.BootTraceparent),
        };
        (next, var tried) = BootTries.Count(next, report);
        if (report.Stage == BootStage.Held && BootIntentRules.IsHeldAfterRelease(node))
            tried = tried.Add(NodeEvents.IsBack(node, report.Time));
        if (report.Stage != BootStage.InitramfsFetched)
            return Finish(node, next, tried, context);

        var fetched = node.NetbootTimes.Where(t => report.Time - t < LoopWindow && t != report.Time).Append(report.Time);
        next = next with { NetbootTimes = fetched.TakeLast(8).ToEquatableArray() };
        if (node.Allocation is not null && node.Phase is NodePhase.Allocated or NodePhase.Maintenance)
            next = Enter(next, NodePhase.Netbooting, report.Time);
        var loops = next.Phase >= NodePhase.Booting && next.NetbootTimes.Count == LoopCount;
        return Finish(node, next, loops ? tried.Add(LoopAlarm(next, report.Time)) : tried, context);
    }

    /// <summary>What the agent saw when it looked at the node.</summary>
    public static NodeChange Observe(NodeRecord node, string rack, NodeObservation seen, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(context);
        if (IsStranger(node, seen.Mac) || (node.Observed is { } last && seen.Time <= last.Time))
            return new(node, []);

        var answered = seen.ApiMode != ApiMode.Unreachable;
        var next = node with
        {
            Rack = Or(rack, node.Rack),
            Observed = answered ? seen : Lost(node.Observed, seen),
            Facts = Facts(node, seen),
            Address = answered ? Or(seen.Address, node.Address) : node.Address,
            LastSeenTime = answered && seen.Time > node.LastSeenTime ? seen.Time : node.LastSeenTime,
            Uuid = Or(node.Uuid, seen.Uuid),
            Macs = seen.Mac == "" || node.Macs.Contains(seen.Mac) ? node.Macs : node.Macs.Add(seen.Mac),
        };
        next = InstallConfirmation.From(next, seen);
        next = WipeConfirmation.From(next, seen);
        next = Enter(next, NodePhases.From(next, node.Observed, seen), seen.Time);
        next = next with { Conditions = NodeConditions.From(next, seen, seen.Time) };
        if (answered)
            next = BootTries.Over(next, seen.Time);
        if (next is { Phase: NodePhase.Running, Operation: null })
            next = next with { Boot = next.Boot with { Traceparent = "" } };
        return Finish(node, next, NodeEvents.Between(node, next, seen.Time), context);
    }

    // What a running node's disks are besides its own is not asked: volumes come and go there. Its system disk is part of every look.
    private static NodeFacts? Facts(NodeRecord node, NodeObservation seen) =>
        seen.Facts ?? (seen.SystemDisk == "" ? node.Facts : node.Facts is null ? null : node.Facts with { SystemDisk = seen.SystemDisk });

    /// <summary>It is given a config with these addresses in it.</summary>
    public static NodeChange Given(NodeRecord node, EquatableArray<string> addresses, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(context);
        return Finish(node, node with { StaticAddresses = addresses }, [], context);
    }

    /// <summary>A person's or a rule's decision. A member of a cluster cannot be rejected.</summary>
    public static Answer<NodeRecord> Decide(NodeRecord node, AcceptanceState decision, string decidedBy, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(context);
        if (decision == AcceptanceState.Rejected && node.Allocation is { } place)
        {
            return new Refusal(RefusalKind.FailedPrecondition,
                $"node {node.Metadata.Name} is a member of cluster {place.Cluster}; remove it from the cluster first.");
        }
        if (node.Spec.Acceptance.State == decision)
            return node;
        var next = node with { Spec = node.Spec with { Acceptance = new(decision, decidedBy, context.Now) } };
        if (decision == AcceptanceState.Rejected)
            next = next with { WipeRequests = next.ConfirmedWipes };
        return Finish(node, next, [], context).Record;
    }

    public static Answer<NodeRecord> Allocate(NodeRecord node, Allocation allocation, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(allocation);
        ArgumentNullException.ThrowIfNull(context);
        if (node.Allocation is { } present && present.Cluster == allocation.Cluster)
            return node.InstallOpened ? node : Finish(node, node with { Allocation = allocation }, [], context).Record;
        if (Placement.Refusal(node) is { } reason)
            return new Refusal(RefusalKind.FailedPrecondition, $"node {node.Metadata.Name} {reason}.");

        var next = Enter(node with { Allocation = allocation, GenerationAtAllocation = node.InstallGeneration },
            node.Observed?.ApiMode == ApiMode.Maintenance ? NodePhase.Maintenance : NodePhase.Allocated, context.Now);
        return Finish(node, next, [], context).Record;
    }

    /// <summary>
    /// A member of a cluster that was imported: it is installed already, so that no installation can ever be opened for it (I9). A person
    /// vouches for it, which is its acceptance.
    /// </summary>
    public static Answer<NodeRecord> Adopt(
        NodeRecord node, string rack, NodeObservation seen, Allocation place, string decidedBy, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(context);
        if (node.Allocation is { } present)
        {
            return present.Cluster == place.Cluster ? node
                : new Refusal(RefusalKind.FailedPrecondition, $"node {node.Metadata.Name} is a member of cluster {present.Cluster} already.");
        }
        if (node.Spec.Acceptance.State == AcceptanceState.Rejected)
            return new Refusal(RefusalKind.FailedPrecondition, $"node {node.Metadata.Name} is rejected; accept it first.");
        var next = node with
        {
            Rack = rack,
            Uuid = Or(node.Uuid, seen.Uuid),
            Macs = node.Macs.Concat(seen.Facts?.Links.Select(l => l.Mac) ?? []).Where(mac => mac != "").Distinct().ToEquatableArray(),
            Address = seen.Address,
            Facts = seen.Facts ?? node.Facts,
            Observed = seen,
            LastSeenTime = seen.Time,
            Allocation = place,
            GenerationAtAllocation = node.InstallGeneration,
            InstallGeneration = node.InstallGeneration + 1,
            ConfirmedInstallGeneration = node.InstallGeneration + 1,
            Spec = node.Spec with { Acceptance = new(AcceptanceState.Accepted, decidedBy, context.Now) },
        };
        return Finish(node, Enter(next, NodePhase.Joining, seen.Time), [], context).Record;
    }

    /// <summary>Its config was applied: opens an install generation, once.</summary>
    public static NodeChange Configured(NodeRecord node, string cluster, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(context);
        if (node.Allocation?.Cluster != cluster || node.InstallOpened)
            return new(node, []);
        var next = node with
        {
            InstallGeneration = node.InstallGeneration + 1,
            ConfiguredBootId = node.Observed is { Installed: false } seen ? seen.BootId : "",
            ConfiguredTime = context.Now,
            // The boot from the disk that follows belongs to the boot that brought the machine here: one trace up to Ready.
            Boot = node.Boot with { Traceparent = node.BootTraceparent },
        };
        return Finish(node, Enter(next, NodePhase.Configuring, context.Now), [], context);
    }

    public static NodeChange SetOperation(NodeRecord node, NodeOperation? operation, string traceparent, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        return Finish(node, node with { Operation = operation, Boot = node.Boot with { Traceparent = traceparent } }, [], context);
    }

    public static NodeChange Quarantine(NodeRecord node, string reason, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(context);
        if (node.QuarantineReason == reason)
            return new(node, []);
        var happened = reason == ""
            ? NodeEvents.Of(node, context.Now, EventSeverity.Normal, "QuarantineCleared", "the quarantine was cleared")
            : NodeEvents.Of(node, context.Now, EventSeverity.Warning, "Quarantined", reason);
        return Finish(node, node with { QuarantineReason = reason }, [happened], context);
    }

    /// <summary>What follows from any change: acceptance by rule, the phase before allocation, the boot intent.</summary>
    public static NodeChange Finish(NodeRecord old, NodeRecord next, EquatableArray<FleetEvent> events, NodeContext context)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(context);
        next = AcceptanceRules.Apply(next, context);
        if (next.Allocation is null)
            next = Enter(next, NodePhases.BeforeAllocation(next), context.Now);
        if (old.Spec.Acceptance.State != next.Spec.Acceptance.State)
            events = events.Add(NodeEvents.Decided(next, context.Now));
        next = next with { Boot = BootIntentRules.For(next, context.DiscoveryImage) };
        return new(next, events);
    }

    internal static NodeRecord Enter(NodeRecord node, NodePhase phase, DateTimeOffset time) => node.Phase == phase ? node : node with
    {
        Phase = phase,
        PhaseTime = time,
        BootTime = phase is NodePhase.Booting || (phase > NodePhase.Booting && node.Phase < NodePhase.Booting) ? time : node.BootTime,
    };

    // Boards are sold with one UUID for a whole series. Once the node itself has listed its links, a boot or an API at another
    // address is another machine: taking its address on would let it start this node's installation (design I9).
    private static bool IsStranger(NodeRecord node, string mac) => mac != "" && !node.Macs.Contains(mac)
        && node.Facts is { Links: { Count: > 0 } links } && !links.Any(link => link.Mac == mac);

    private static NodeRecord Identify(NodeRecord node, string rack, BootReport report) => node with
    {
        Rack = Or(rack, node.Rack),
        Uuid = Or(node.Uuid, report.Uuid),
        Serial = Or(node.Serial, report.Serial),
        Macs = report.Mac == "" || node.Macs.Contains(report.Mac) ? node.Macs : node.Macs.Add(report.Mac),
        Firmware = report.Firmware == Firmware.Unknown ? node.Firmware : report.Firmware,
        Architecture = report.Architecture == Architecture.Unknown ? node.Architecture : report.Architecture,
    };

    // What the node said before it fell silent stays readable (version, boot id); that it is silent now is said beside it.
    private static NodeObservation Lost(NodeObservation? last, NodeObservation seen) => last is null ? seen : last with
    {
        Time = seen.Time,
        ApiMode = ApiMode.Unreachable,
        Error = seen.Error,
        Ready = false,
        Stage = MachineStage.Unknown,
        Etcd = seen.Etcd,
        Kubernetes = seen.Kubernetes,
    };

    private static FleetEvent LoopAlarm(NodeRecord node, DateTimeOffset time) => NodeEvents.Of(node, time, EventSeverity.Warning,
        "NetbootLoop", $"network-booted {node.NetbootTimes.Count} times within 15 minutes although it is installed; "
        + "it is told to boot its disk: check the boot order of its firmware");

    private static string Or(string first, string second) => first != "" ? first : second;
}
