using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <summary>machine.MachineService as a node answers it (talos.md 1.3).</summary>
internal sealed partial class MachineApi(TalosRun run) : MachineService.MachineServiceBase
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
        run.RebootSoon(request.Mode);
        return Task.FromResult(new RebootResponse { Messages = { new Reboot { ActorId = run.BootId } } });
    }

    public override Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context) => run.RollBack()
        ? Task.FromResult(new RollbackResponse { Messages = { new Rollback() } })
        : throw new RpcException(new(StatusCode.FailedPrecondition, "there is no other boot entry"));

    public override Task<ShutdownResponse> Shutdown(ShutdownRequest request, ServerCallContext context)
    {
        run.ShutDownSoon(request.Force);
        return Task.FromResult(new ShutdownResponse { Messages = { new Shutdown { ActorId = run.BootId } } });
    }

    public override Task<ResetResponse> Reset(ResetRequest request, ServerCallContext context)
    {
        if (TalosRun.ResetProblem(request) is { } problem)
            throw new RpcException(new(StatusCode.Unknown, problem));
        run.ResetSoon(request);
        return Task.FromResult(new ResetResponse { Messages = { new Reset { ActorId = run.BootId } } });
    }

    public override Task<MetaWriteResponse> MetaWrite(MetaWriteRequest request, ServerCallContext context)
    {
        if (request.Key > byte.MaxValue)
            throw new RpcException(new(StatusCode.InvalidArgument, "key must be a uint8"));
        run.Disk.WriteMeta((byte)request.Key, request.Value.ToByteArray());
        return Task.FromResult(new MetaWriteResponse { Messages = { new MetaWrite() } });
    }

    // The kubelet lets itself be restarted, and nothing else that a simulated node has.
    public override Task<ServiceRestartResponse> ServiceRestart(ServiceRestartRequest request, ServerCallContext context)
    {
        if (!Services().Any(service => service.Id == request.Id))
            throw new RpcException(new(StatusCode.Unknown, $"service \"{request.Id}\" not defined"));
        if (request.Id != "kubelet")
            throw new RpcException(new(StatusCode.Unknown, $"service \"{request.Id}\" doesn't support restart operation via API"));
        run.RestartKubeletSoon();
        return Task.FromResult(new ServiceRestartResponse { Messages = { new ServiceRestart { Resp = "Service \"kubelet\" restarted" } } });
    }

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
