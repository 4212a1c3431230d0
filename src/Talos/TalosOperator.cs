using Cozy.Fleet.Talos.Api.Common;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cozy.Fleet.Talos;

/// <summary>The calls that change a node (talos.md 1.3, 1.4). Each ends with a result; only cancellation comes out as an exception.</summary>
public sealed class TalosOperator(TalosConnection connection, CancellationToken cancellation)
{
    // Installers and kubelet images live in the system namespace of the CRI containerd (talos.md 1.4).
    private static readonly ContainerdInstance SystemImages = new()
    {
        Driver = ContainerDriver.Cri,
        Namespace = ContainerdNamespace.NsSystem,
    };

    private readonly MachineService.MachineServiceClient machine = new(connection.Invoker);

    /// <summary>A config in the mode that every version understands, such as the first one of a machine; what is told are the warnings.</summary>
    public async Task<TalosResult> ApplyAsync(ReadOnlyMemory<byte> config, bool dryRun)
    {
        var verdict = await ApplyAsync(config, new ApplyOptions { DryRun = dryRun });
        return verdict.Outcome.Failure == TalosFailure.None ? TalosResult.Done(string.Join("; ", verdict.Warnings)) : verdict.Outcome;
    }

    /// <summary>A config in a mode of the caller's choice; the node's verdict as it is.</summary>
    public async Task<ApplyVerdict> ApplyAsync(ReadOnlyMemory<byte> config, ApplyOptions options)
    {
        var answer = new ApplyConfiguration();
        var result = await CallAsync(TalosCall.ApplyConfiguration, async () =>
        {
            var reply = await machine.ApplyConfigurationAsync(options.Request(config), cancellationToken: cancellation);
            answer = reply.Messages[0];
            return TalosResult.Done();
        });
        return ApplyVerdict.From(result, answer, inMaintenance: connection.Roles.Count == 0);
    }

    /// <summary>Starts etcd, once in a cluster's life (talos.md 8.1). AlreadyExists is for the caller to judge.</summary>
    public Task<TalosResult> BootstrapAsync() => CallAsync(TalosCall.Bootstrap, async () =>
    {
        await machine.BootstrapAsync(new(), cancellationToken: cancellation);
        return TalosResult.Done();
    });

    /// <summary>Brings an installer image to the node; safe to repeat.</summary>
    public Task<TalosResult> PullAsync(string image, Action<string> progress) => CallAsync(TalosCall.Pull, async () =>
    {
        using var call = new ImageService.ImageServiceClient(connection.Invoker).Pull(
            new() { Containerd = SystemImages, ImageRef = image }, cancellationToken: cancellation);
        var name = "";
        await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellation))
        {
            if (answer.ResponseCase == ImageServicePullResponse.ResponseOneofCase.Name)
                name = answer.Name;
            else if (answer.PullProgress?.Progress is { } layer)
                progress($"{answer.PullProgress.LayerId}: {layer.Status} {layer.Offset}/{layer.Total}");
        }
        return name == ""
            ? new(TalosFailure.Environment, "the pull ended without an image name")
            : TalosResult.Done(name);
    });

    /// <summary>Runs the installer of a pulled image; the node goes on running (talos.md 6.3).</summary>
    public Task<TalosResult> InstallUpgradeAsync(string image, Action<string> progress) => CallAsync(TalosCall.InstallUpgrade, async () =>
    {
        using var call = new LifecycleService.LifecycleServiceClient(connection.Invoker).Upgrade(
            new() { Containerd = SystemImages, Source = new() { ImageName = image } }, cancellationToken: cancellation);
        var (exitCode, lastLine) = ((int?)null, "");
        await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellation))
        {
            if (answer.Progress.ResponseCase == LifecycleServiceInstallProgress.ResponseOneofCase.ExitCode)
                exitCode = answer.Progress.ExitCode;
            else
                progress(lastLine = answer.Progress.Message);
        }
        // Without a code nobody knows how far the installer came (trap 7: only a code of 0 is success).
        return exitCode is { } code
            ? TalosResult.FromExitCode(code, lastLine)
            : new(TalosFailure.OutcomeUnknown, "the stream ended without an exit code");
    });

    /// <summary>The one call of older versions: installs and reboots (talos.md 6.1).</summary>
    public Task<TalosResult> LegacyUpgradeAsync(string image, bool preserve) => CallAsync(TalosCall.Upgrade, async () =>
    {
        var answer = await machine.UpgradeAsync(new() { Image = image, Preserve = preserve }, cancellationToken: cancellation);
        return TalosResult.Done(answer.Messages[0].Ack);
    });

    /// <summary>Answers before the node goes down.</summary>
    public Task<TalosResult> RebootAsync(RebootMode mode = RebootMode.Default) => CallAsync(TalosCall.Reboot, async () =>
    {
        // An older node takes a mode that it does not know for the default one, which does stop workloads.
        if (mode == RebootMode.Force && await TooOldForceAsync() is { } version)
            return new(TalosFailure.Permanent, $"a forced reboot came with Talos v1.12, and this node runs {version}; use the mode powercycle");
        var answer = await machine.RebootAsync(new() { Mode = (RebootRequest.Types.Mode)mode }, cancellationToken: cancellation);
        return TalosResult.Done(answer.Messages[0].ActorId);
    });

    /// <summary>Goes back to the other boot entry and reboots (talos.md 6.4).</summary>
    public Task<TalosResult> RollbackAsync() => CallAsync(TalosCall.Rollback, async () =>
    {
        await machine.RollbackAsync(new(), cancellationToken: cancellation);
        return TalosResult.Done();
    });

    /// <summary>Switches the node off.</summary>
    /// <param name="force">Without draining it first.</param>
    public Task<TalosResult> ShutdownAsync(bool force) => CallAsync(TalosCall.Shutdown, async () =>
    {
        var answer = await machine.ShutdownAsync(new() { Force = force }, cancellationToken: cancellation);
        return TalosResult.Done(answer.Messages[0].ActorId);
    });

    /// <summary>Wipes the node; it answers before it begins (talos.md 1.3).</summary>
    public Task<TalosResult> ResetAsync(ResetOptions options) => CallAsync(TalosCall.Reset, async () =>
    {
        var answer = await machine.ResetAsync(options.Request(), cancellationToken: cancellation);
        return TalosResult.Done(answer.Messages[0].ActorId);
    });

    /// <summary>Restarts a service that lets itself be restarted: kubelet, and those of extensions.</summary>
    public Task<TalosResult> RestartServiceAsync(string id) => CallAsync(TalosCall.ServiceRestart, async () =>
    {
        var answer = await machine.ServiceRestartAsync(new() { Id = id }, cancellationToken: cancellation);
        return TalosResult.Done(answer.Messages[0].Resp);
    });

    /// <summary>Writes one value of the META partition (talos.md 1.3).</summary>
    /// <param name="key">1 to 255; Talos itself uses some of them (talos.md 6.4).</param>
    public Task<TalosResult> WriteMetaAsync(byte key, ReadOnlyMemory<byte> value) => CallAsync(TalosCall.MetaWrite, async () =>
    {
        await machine.MetaWriteAsync(new() { Key = key, Value = ByteString.CopyFrom(value.Span) }, cancellationToken: cancellation);
        return TalosResult.Done();
    });

    /// <summary>Makes another member etcd's leader; does nothing on a follower.</summary>
    public Task<TalosResult> ForfeitLeadershipAsync() => CallAsync(TalosCall.ForfeitLeadership, async () =>
    {
        var answer = await machine.EtcdForfeitLeadershipAsync(new(), cancellationToken: cancellation);
        return TalosResult.Done(answer.Messages[0].Member);
    });

    /// <summary>Shrinks this member's database. It answers nothing meanwhile, so one member at a time.</summary>
    public Task<TalosResult> DefragmentAsync() => CallAsync(TalosCall.Defragment, async () =>
    {
        await machine.EtcdDefragmentAsync(new Empty(), cancellationToken: cancellation);
        return TalosResult.Done();
    });

    /// <summary>Takes a member out of etcd; NotFound when it is not one.</summary>
    public Task<TalosResult> RemoveMemberAsync(ulong memberId) => CallAsync(TalosCall.RemoveMember, async () =>
    {
        await machine.EtcdRemoveMemberByIDAsync(new() { MemberId = memberId }, cancellationToken: cancellation);
        return TalosResult.Done();
    });

    /// <summary>Takes away all alarms of the cluster; says which there were.</summary>
    public Task<TalosResult> DisarmAlarmsAsync() => CallAsync(TalosCall.AlarmDisarm, async () =>
    {
        var answer = await machine.EtcdAlarmDisarmAsync(new Empty(), cancellationToken: cancellation);
        return TalosResult.Done(string.Join(", ", answer.Messages[0].MemberAlarms.Select(a => $"{a.Alarm} on {a.MemberId:x}")));
    });

    // Null when the node knows the mode.
    private async Task<string?> TooOldForceAsync()
    {
        var answer = await machine.VersionAsync(new Empty(), cancellationToken: cancellation);
        var tag = answer.Messages[0].Version_.Tag;
        return Primitives.SemanticVersion.TryParse(tag, out var version) && version.IsAtLeast(1, 12) ? null : tag;
    }

    private async Task<TalosResult> CallAsync(TalosCall what, Func<Task<TalosResult>> call)
    {
        try
        {
            return await call();
        }
        catch (RpcException exception) when (!cancellation.IsCancellationRequested)
        {
            var result = TalosResult.From(exception, mutating: true);
            var why = what.Explain(exception.StatusCode, connection.Roles);
            return why == "" ? result : result with { Message = $"{result.Message}; {why}" };
        }
    }
}
