using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Primitives;
using Machine = Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Session;

/// <summary>What an agent reports, as domain values.</summary>
internal static class ReportMapping
{
    public static AgentReport ToDomain(Report report)
    {
        var time = report.Time?.ToDateTimeOffset() ?? default;
        return report.EventCase switch
        {
            Report.EventOneofCase.BootProgress => new(report.Sequence, Boot(report.BootProgress, time, report.Traceparent), null, null),
            Report.EventOneofCase.NodeObserved => new(report.Sequence, null,
                new(report.NodeObserved.Node, Observation(report.NodeObserved, time, report.Traceparent)), null),
            Report.EventOneofCase.CommandResult => new(report.Sequence, null, null, OrderMapping.ToDomain(report.CommandResult)),
            // A newer agent may report what we do not know; it is acknowledged all the same.
            _ => new(report.Sequence, null, null, null),
        };
    }

    public static AgentLiveness ToDomain(Heartbeat heartbeat) => new(
        heartbeat.Time?.ToDateTimeOffset() ?? default, heartbeat.Leases,
        heartbeat.Refused.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => new RefusalCount(r.Key, r.Value)).ToEquatableArray(),
        heartbeat.Assets.Select(a => new Racks.CachedAsset(a.Sha256, a.Ready, a.Message, a.Url, a.FetchedBytes, a.TotalBytes)).ToEquatableArray())
    {
        Builds = heartbeat.Builds.Select(ToDomain).ToEquatableArray(),
        GuardsDhcp = heartbeat.GuardsDhcp,
        OtherDhcpServers = heartbeat.OtherDhcpServers
            .Select(s => new Racks.OtherDhcpServer(s.Address, s.Mac, s.Complaint, s.FirstSeenTime?.ToDateTimeOffset() ?? default))
            .ToEquatableArray(),
    };

    private static Racks.BuildProgress ToDomain(Contracts.V1.BuildProgress build) => new(
        build.Id,
        build.State switch
        {
            Contracts.V1.BuildState.Done => Racks.BuildState.Done,
            Contracts.V1.BuildState.Failed => Racks.BuildState.Failed,
            _ => Racks.BuildState.Running,
        },
        build.Message, build.Log.ToEquatableArray(),
        build.Files.Select(f => new Domain.Images.BuiltFile(f.Kind, f.Name, f.Sha256, f.SizeBytes, "")).ToEquatableArray());

    private static BootReport Boot(BootProgress boot, DateTimeOffset time, string traceparent) => new(
        time, traceparent, boot.SessionId,
        boot.Stage switch
        {
            Contracts.V1.BootStage.LoaderFetched => Domain.Agents.BootStage.LoaderFetched,
            Contracts.V1.BootStage.ScriptServed => Domain.Agents.BootStage.ScriptServed,
            Contracts.V1.BootStage.KernelFetched => Domain.Agents.BootStage.KernelFetched,
            Contracts.V1.BootStage.InitramfsFetched => Domain.Agents.BootStage.InitramfsFetched,
            Contracts.V1.BootStage.Disk => Domain.Agents.BootStage.Disk,
            Contracts.V1.BootStage.Held => Domain.Agents.BootStage.Held,
            _ => Domain.Agents.BootStage.DhcpOffered,
        },
        boot.Mac, boot.Uuid, boot.Serial, boot.Address, (Machine.Firmware)(int)boot.Firmware, (Machine.Architecture)(int)boot.Architecture,
        boot.Image, boot.Reason);

    private static NodeObservation Observation(NodeObserved seen, DateTimeOffset time, string traceparent) => new(time, seen.Address, seen.ApiMode switch
    {
        Contracts.V1.ApiMode.Maintenance => Domain.Agents.ApiMode.Maintenance,
        Contracts.V1.ApiMode.Secure => Domain.Agents.ApiMode.Secure,
        _ => Domain.Agents.ApiMode.Unreachable,
    })
    {
        Traceparent = traceparent,
        Mac = seen.Mac,
        Uuid = seen.Uuid,
        Error = seen.Error,
        Stage = (Machine.MachineStage)(int)seen.Stage,
        Ready = seen.Ready,
        UnmetConditions = seen.UnmetConditions.Select(c => new Machine.UnmetCondition(c.Name, c.Reason)).ToEquatableArray(),
        TalosVersion = seen.TalosVersion,
        SchematicId = seen.SchematicId,
        BootId = seen.BootId,
        FallbackPending = seen.FallbackPending,
        Installed = seen.Installed,
        SystemDisk = seen.SystemDisk,
        Facts = seen.Facts is null ? null : FactsMapping.ToDomain(seen.Facts),
        Etcd = seen.Etcd is null ? null : Etcd(seen.Etcd),
        Kubernetes = seen.Kubernetes is not { } k ? null : new(
            k.Reachable, k.Error, k.NodeFound, k.Ready, k.Unschedulable, k.CordonOwner, k.BootId, k.KubeletVersion, k.OsImage),
    };

    private static EtcdObservation Etcd(EtcdObserved etcd) => new(
        etcd.Reachable, etcd.Error, etcd.MemberId, etcd.LeaderId, etcd.RaftIndex, etcd.RaftAppliedIndex, etcd.RaftTerm, etcd.IsLearner, etcd.DbSize,
        etcd.Errors.ToEquatableArray(),
        etcd.Members.Select(m => new Domain.Agents.EtcdMember(m.Id, m.Hostname, m.IsLearner)).ToEquatableArray(),
        etcd.Alarms.ToEquatableArray());

    /// <summary>What an agent answers to <see cref="Domain.Agents.QueryAsk.IdentifyNode"/>.</summary>
    public static NodeObservation Identified(byte[] answer, DateTimeOffset time) => Observation(NodeObserved.Parser.ParseFrom(answer), time, "");
}
