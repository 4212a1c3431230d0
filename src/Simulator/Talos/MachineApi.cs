using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>machine.MachineService as a node answers it (talos.md 1.3).</summary>
internal sealed class MachineApi(TalosRun run) : MachineService.MachineServiceBase
{
    public override Task<ApplyConfigurationResponse> ApplyConfiguration(ApplyConfigurationRequest request, ServerCallContext context) =>
        Task.FromResult(new ApplyConfigurationResponse { Messages = { ConfigApply.Apply(run, request) } });

    public override Task<BootstrapResponse> Bootstrap(BootstrapRequest request, ServerCallContext context) =>
        run.Bootstrap() is { } refusal
            ? throw new RpcException(new(refusal.Code, refusal.Message))
            : Task.FromResult(new BootstrapResponse { Messages = { new Bootstrap() } });

    public override Task<VersionResponse> Version(Empty request, ServerCallContext context) => Task.FromResult(new VersionResponse
    {
        Messages =
        {
            new Cozy.Fleet.Talos.Api.Machine.Version
            {
                Version_ = new() { Tag = run.Version.ToString(), Os = "linux", Arch = "amd64" },
                Platform = new() { Name = "metal", Mode = "metal" },
                Features = new() { Rbac = true },
            },
        },
    });

    public override Task<SystemStatResponse> SystemStat(Empty request, ServerCallContext context) => Task.FromResult(new SystemStatResponse
    {
        // The kernel counts seconds; two boots of a machine that is simulated in haste may share one, so finer here.
        Messages = { new SystemStat { BootTime = (ulong)run.BootTime.ToUnixTimeMilliseconds() } },
    });

    public override Task<RebootResponse> Reboot(RebootRequest request, ServerCallContext context)
    {
        run.RebootSoon();
        return Task.FromResult(new RebootResponse { Messages = { new Reboot { ActorId = run.BootId } } });
    }

    public override Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context) => run.RollBack()
        ? Task.FromResult(new RollbackResponse { Messages = { new Rollback() } })
        : throw new RpcException(new(StatusCode.FailedPrecondition, "there is no other boot entry"));

    public override Task<UpgradeResponse> Upgrade(UpgradeRequest request, ServerCallContext context)
    {
        if (ImageReference.VersionOf(request.Image) is null)
            throw new RpcException(new(StatusCode.Unknown, $"error validating installer image \"{request.Image}\""));
        if (run.Config is null || !run.Disk.IsInstalled)
            throw new RpcException(new(StatusCode.FailedPrecondition, "Talos is not installed"));
        if (run.Config.IsControlPlane && !request.Force && run.EtcdProblem(request.Preserve) is { } problem)
            throw new RpcException(new(StatusCode.Unknown, "error validating etcd for upgrade: " + problem));
        if (!run.Installer.TryBegin())
            throw new RpcException(new(StatusCode.Unknown, "upgrade is already in progress"));
        run.LegacyUpgradeSoon(request.Image, request.Preserve);
        return Task.FromResult(new UpgradeResponse
        {
            Messages = { new Upgrade { Ack = "Upgrade request received", ActorId = run.BootId } },
        });
    }

    public override Task<ServiceListResponse> ServiceList(Empty request, ServerCallContext context) => Task.FromResult(new ServiceListResponse
    {
        Messages = { new ServiceList { Services = { Services() } } },
    });

    public override Task<EtcdMemberListResponse> EtcdMemberList(EtcdMemberListRequest request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) => new EtcdMemberListResponse
        {
            Messages =
            {
                new EtcdMembers
                {
                    Members = { etcd.Members.Select(m => new EtcdMember
                    {
                        Id = m.Id, Hostname = m.Hostname, IsLearner = m.IsLearner,
                    }) },
                },
            },
        }));

    public override Task<EtcdStatusResponse> EtcdStatus(Empty request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, member) =>
        {
            var index = etcd.RaftIndex;
            return new EtcdStatusResponse
            {
                Messages =
                {
                    new EtcdStatus
                    {
                        MemberStatus = new()
                        {
                            MemberId = member.Id, Leader = etcd.Leader, RaftTerm = etcd.Term, RaftIndex = index, RaftAppliedIndex = index,
                            IsLearner = member.IsLearner, DbSize = 1 << 20, DbSizeInUse = 1 << 19,
                        },
                    },
                },
            };
        }));

    public override Task<EtcdAlarmListResponse> EtcdAlarmList(Empty request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((_, _) => new EtcdAlarmListResponse { Messages = { new EtcdAlarm() } }));

    public override Task<EtcdForfeitLeadershipResponse> EtcdForfeitLeadership(
        EtcdForfeitLeadershipRequest request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) => new EtcdForfeitLeadershipResponse
        {
            Messages = { new EtcdForfeitLeadership { Member = etcd.Forfeit(run.Hostname) } },
        }));

    public override async Task Events(EventsRequest request, IServerStreamWriter<Event> responseStream, ServerCallContext context)
    {
        // Where to start: after an id, with a number of old events, or with what comes from now on (talos.md 1.3).
        var from = request.TailId.Length > 0 ? request.TailId : run.Events.Before(request.TailEvents);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, run.Ended);
        // The first message only proves that the subscription lives.
        await responseStream.WriteAsync(new(), either.Token);
        await foreach (var found in run.Events.AfterAsync(from, either.Token))
        {
            if (request.WithActorId.Length > 0 && request.WithActorId != found.ActorId)
                continue;
            await responseStream.WriteAsync(new()
            {
                Id = found.Id,
                ActorId = found.ActorId,
                Data = new Any { TypeUrl = "talos/runtime/machine." + found.Payload.Descriptor.Name, Value = found.Payload.ToByteString() },
            }, either.Token);
        }
    }

    public override async Task Kubeconfig(
        Empty request, IServerStreamWriter<Cozy.Fleet.Talos.Api.Common.Data> responseStream, ServerCallContext context)
    {
        if (run.Config is not { IsControlPlane: true } config)
            throw new RpcException(new(StatusCode.Unimplemented, "kubeconfig is only available on control plane nodes"));
        var bytes = KubeconfigArchive.Make(config, run.Pace.Clock.GetUtcNow());
        await responseStream.WriteAsync(new() { Bytes = ByteString.CopyFrom(bytes) });
    }

    // A control plane that waits for its bootstrap shows etcd in its pre-state hook (talos.md 1.3).
    private IEnumerable<ServiceInfo> Services()
    {
        yield return Service("apid", true);
        yield return Service("machined", true);
        if (run.Config is not { } config)
            yield break;
        var node = run.Cluster!.Look((_, kubernetes) => kubernetes.Nodes.GetValueOrDefault(run.Hostname)?.Ready ?? false);
        yield return Service("kubelet", node);
        if (!config.IsControlPlane)
            yield break;
        yield return Service("trustd", true);
        yield return Service("etcd", run.Cluster!.Look((etcd, _) => etcd.Find(run.Hostname) is { IsUp: true }));
    }

    private static ServiceInfo Service(string id, bool running) => new()
    {
        Id = id,
        State = running ? "Running" : "Preparing",
        Health = new() { Healthy = running, Unknown = !running },
    };
}
