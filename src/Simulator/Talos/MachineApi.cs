using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>machine.MachineService as a node answers it (talos.md 1.3).</summary>
internal sealed class MachineApi(TalosRun run) : MachineService.MachineServiceBase
{
    public override Task<ApplyConfigurationResponse> ApplyConfiguration(ApplyConfigurationRequest request, ServerCallContext context)
    {
        if (request.Mode is ApplyConfigurationRequest.Types.Mode.NoReboot or ApplyConfigurationRequest.Types.Mode.Staged
            && run.InMaintenance && !run.Version.IsAtLeast(1, 13))
            throw new RpcException(new(StatusCode.Unimplemented, $"apply configuration --mode='{request.Mode}' is not supported in maintenance mode"));
        var yaml = request.Data.ToStringUtf8();
        var config = NodeConfig.TryRead(yaml, run.DiskNames, run.Version.Minor, out var refusals)
            ?? throw new RpcException(new(StatusCode.InvalidArgument, "configuration validation failed: " + string.Join("; ", refusals)));
        if (!run.InMaintenance)
            throw new RpcException(new(StatusCode.FailedPrecondition, "this node has a configuration already"));
        if (!request.DryRun)
        {
            run.Disk.Config = yaml;
            run.Configure(config);
        }
        return Task.FromResult(new ApplyConfigurationResponse
        {
            Messages = { new ApplyConfiguration { Mode = request.Mode, ModeDetails = "Applied configuration with a reboot" } },
        });
    }

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

    public override Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context)
    {
        if (!run.Disk.RollBack())
            throw new RpcException(new(StatusCode.FailedPrecondition, "there is no other boot entry"));
        run.RebootSoon();
        return Task.FromResult(new RollbackResponse { Messages = { new Rollback() } });
    }

    public override Task<UpgradeResponse> Upgrade(UpgradeRequest request, ServerCallContext context)
    {
        if (TalosRun.ImageVersion(request.Image) is null)
            throw new RpcException(new(StatusCode.Unknown, $"error validating installer image \"{request.Image}\""));
        if (run.Config is { IsControlPlane: true } && !request.Force && run.EtcdProblem() is { } problem)
            throw new RpcException(new(StatusCode.Unknown, "error validating etcd for upgrade: " + problem));
        if (!run.TryBeginInstall())
            throw new RpcException(new(StatusCode.Unknown, "upgrade is already in progress"));
        run.LegacyUpgradeSoon(request.Image);
        return Task.FromResult(new UpgradeResponse
        {
            Messages = { new Upgrade { Ack = "Upgrade request received", ActorId = run.BootId } },
        });
    }

    public override Task<EtcdMemberListResponse> EtcdMemberList(EtcdMemberListRequest request, ServerCallContext context) =>
        Task.FromResult(run.OnEtcd((etcd, _) => new EtcdMemberListResponse
        {
            Messages =
            {
                new EtcdMembers
                {
                    Members = { etcd.Members.Select(m => new EtcdMember { Id = m.Id, Hostname = m.Hostname, IsLearner = m.IsLearner }) },
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
        // The first message only proves that the subscription lives (talos.md 1.3).
        await responseStream.WriteAsync(new());
        await foreach (var status in run.StatusesAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new()
            {
                Id = run.NextEventId(),
                Data = new Any { TypeUrl = "talos/runtime/machine.MachineStatusEvent", Value = Google.Protobuf.MessageExtensions.ToByteString(status) },
            });
        }
    }

    public override async Task Kubeconfig(
        Empty request, IServerStreamWriter<Cozy.Fleet.Talos.Api.Common.Data> responseStream, ServerCallContext context)
    {
        if (run.Config is not { IsControlPlane: true } config)
            throw new RpcException(new(StatusCode.Unimplemented, "kubeconfig is only available on control plane nodes"));
        var bytes = KubeconfigArchive.Make(config, run.Pace.Clock.GetUtcNow());
        await responseStream.WriteAsync(new() { Bytes = Google.Protobuf.ByteString.CopyFrom(bytes) });
    }
}
