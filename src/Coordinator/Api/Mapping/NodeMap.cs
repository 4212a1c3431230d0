using Cozy.Fleet.Domain.Nodes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class NodeMap
{
    public static V1.Node ToProto(this NodeRecord node, string etag) => new()
    {
        Metadata = node.Metadata.ToProto(etag), Spec = node.Spec.ToProto(), Status = Status(node),
    };

    public static V1.NodeSpec ToProto(this NodeSpec spec) => new()
    {
        Acceptance = new()
        {
            State = EnumMap<AcceptanceState, V1.AcceptanceState>.Of(spec.Acceptance.State),
            DecidedBy = spec.Acceptance.DecidedBy,
            DecideTime = spec.Acceptance.DecideTime.ToProto(),
        },
        Hostname = spec.Hostname,
        RoleHint = EnumMap<Role, V1.Role>.Of(spec.RoleHint),
        Paused = spec.Paused,
        Locked = spec.Locked,
        InstallDisk = spec.InstallDisk,
        Bmc = spec.Bmc is null ? null : ToProto(spec.Bmc),
    };

    /// <summary>The operator's part of the spec. Acceptance and BMC are output only: the node's grain keeps its own.</summary>
    public static NodeSpec ToRecord(this V1.NodeSpec? spec) => spec is null ? new() : new()
    {
        Hostname = spec.Hostname,
        RoleHint = EnumMap<V1.Role, Role>.Of(spec.RoleHint),
        Paused = spec.Paused,
        Locked = spec.Locked,
        InstallDisk = spec.InstallDisk,
    };

    // Its password never leaves the coordinator but to the rack's agent.
    private static V1.Bmc ToProto(Bmc bmc) => new()
    {
        Kind = EnumMap<BmcKind, V1.BmcKind>.Of(bmc.Kind),
        Address = bmc.Address,
        Username = bmc.Username,
        Ca = bmc.Ca,
        Fingerprint = bmc.Fingerprint,
        System = bmc.System,
        CipherSuite = bmc.CipherSuite,
    };

    private static V1.NodeStatus Status(NodeRecord node)
    {
        var status = new V1.NodeStatus
        {
            Phase = EnumMap<NodePhase, V1.NodePhase>.Of(node.Phase),
            Uuid = node.Uuid,
            Rack = node.Rack,
            Firmware = EnumMap<Firmware, V1.Firmware>.Of(node.Firmware),
            Architecture = EnumMap<Architecture, V1.Architecture>.Of(node.Architecture),
            Facts = node.Facts?.ToProto(),
            Address = node.Address,
            Operation = node.Operation is null ? null : ToProto(node.Operation),
            Waiting = node.Waiting?.ToProto(),
            QuarantineReason = node.QuarantineReason,
            BootTraceId = CommonMap.TraceId(node.BootTraceparent),
            LastSeenTime = node.LastSeenTime.ToProto(),
            ConfirmedInstallGeneration = node.ConfirmedInstallGeneration,
            BootDecision = Decision(node.Boot),
        };
        status.Macs.Add(node.Macs);
        status.Conditions.Add(node.Conditions.Select(c => c.ToProto()));
        Place(status, node.Allocation);
        Observed(status, node.Observed);
        return status;
    }

    private static void Place(V1.NodeStatus status, Allocation? place)
    {
        status.Cluster = place?.Cluster ?? "";
        status.Role = EnumMap<Role, V1.Role>.Of(place?.Role ?? Role.Unspecified);
        status.Hostname = place?.Hostname ?? "";
    }

    private static void Observed(V1.NodeStatus status, Domain.Agents.NodeObservation? seen)
    {
        if (seen is null)
            return;
        status.TalosVersion = seen.TalosVersion;
        status.SchematicId = seen.SchematicId;
        status.KubeletVersion = seen.Kubernetes?.KubeletVersion ?? "";
        status.BootId = seen.BootId;
        status.Stage = EnumMap<MachineStage, V1.MachineStage>.Of(seen.Stage);
        // Talos says ready in every stage that it does not check, also without a config (talos.md 2.3).
        status.Ready = seen is { ApiMode: Domain.Agents.ApiMode.Secure, Stage: MachineStage.Running, Ready: true };
        status.UnmetConditions.Add(seen.UnmetConditions.Select(c => new V1.UnmetCondition { Name = c.Name, Reason = c.Reason }));
    }

    private static V1.NodeOperation ToProto(NodeOperation operation) => new()
    {
        Kind = operation.Kind, Owner = operation.Owner, Step = operation.Step, StartTime = operation.StartTime.ToProto(),
    };

    private static string Decision(BootIntent boot)
    {
        var what = boot.Action == BootAction.Netboot ? $"netboot {boot.Image}" : boot.Action.ToString().ToLowerInvariant();
        return boot.Reason == "" ? what : $"{what}: {boot.Reason}";
    }
}
