using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Talos.Api.Common;
using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;
using static Cozy.Fleet.Talos.Api.Machine.ResetRequest.Types;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>The ways down that are asked for: reboot, shutdown, reset (talos.md 1.3, 6.1).</content>
internal sealed partial class TalosRun
{
    /// <summary>Forced, nothing is stopped first; releases before 1.12 do not know that mode and take it for the default.</summary>
    public void RebootSoon(RebootRequest.Types.Mode mode)
    {
        var isForced = mode == RebootRequest.Types.Mode.Force && Version.IsAtLeast(1, 12);
        var name = isForced ? "force" : mode == RebootRequest.Types.Mode.Powercycle ? "powercycle" : "default";
        machine.Record("reboot", name);
        Background(async () =>
        {
            await Pace.WaitAsync(isForced ? 0.1 : 2, ended.Token);
            Reboot();
        });
    }

    /// <summary>Drains, unless that is skipped, and switches the machine off.</summary>
    public void ShutDownSoon(bool force) => Background(async () =>
    {
        Begin("shutdown", Stage.ShuttingDown);
        if (!force && Cluster is { } cluster)
            await CordonAndDrainAsync(cluster);
        await Pace.WaitAsync(2, ended.Token);
        PowerOff();
    });

    /// <summary>Why a reset cannot be; null when it can.</summary>
    public static string? ResetProblem(ResetRequest request)
    {
        if (request.UserDisksToWipe.Count > 0 && request.Mode == WipeMode.SystemDisk)
            return "reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter";
        if (request.SystemPartitionsToWipe.Count > 0 && request.Mode == WipeMode.UserDisks)
            return "reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter";
        // The one disk of a simulated machine is its system disk.
        if (request.UserDisksToWipe.FirstOrDefault() is { } disk)
            return SimulatedMachine.DiskNames.Contains(disk) ? $"reset user disk failed: device {disk} is the system disk" : $"reset user disk failed: device {disk} wasn't found";
        return request.SystemPartitionsToWipe.FirstOrDefault(p => !SystemDisk.Partitions.Contains(p.Label)) is { } unknown
            ? $"failed to get volume status with label \"{unknown.Label}\"" : null;
    }

    /// <summary>Gracefully it drains and leaves etcd first; when that fails the machine reboots as it was.</summary>
    public void ResetSoon(ResetRequest request) => Background(async () =>
    {
        Begin("reset", Stage.Resetting);
        if (request.Graceful && Cluster is { } cluster && !await LeaveGracefullyAsync(cluster))
        {
            Events.Append(new SequenceEvent
            {
                Sequence = "reset", Action = SequenceEvent.Types.Action.Noop,
                Error = new() { Code = Error.Types.Code.Fatal, Message = "failed to leave cluster: etcdserver: no leader" },
            }, BootId);
            Reboot();
            return;
        }
        await Pace.WaitAsync(3, ended.Token);
        var wiped = Wiped(request);
        machine.Record("reset", string.Join(',', wiped));
        Disk.Wipe(wiped);
        if (request.Reboot)
            Reboot();
        else
            PowerOff();
    });

    private void Begin(string sequence, Stage stage)
    {
        Events.Append(new SequenceEvent { Sequence = sequence, Action = SequenceEvent.Types.Action.Start }, BootId);
        SetStage(stage);
    }

    private static string[] Wiped(ResetRequest request) =>
        request.Mode == WipeMode.UserDisks ? []
        : request.SystemPartitionsToWipe.Count == 0 ? SystemDisk.Partitions
        : [.. request.SystemPartitionsToWipe.Where(p => p.Wipe).Select(p => p.Label)];

    private async Task<bool> LeaveGracefullyAsync(SimulatedCluster cluster)
    {
        await CordonAndDrainAsync(cluster);
        if (Config is not { IsControlPlane: true })
            return true;
        var hasLeft = false;
        cluster.Change((etcd, _) =>
        {
            hasLeft = etcd.HasQuorum;
            if (hasLeft)
                etcd.Remove(Hostname);
        });
        Disk.HasEtcdData &= !hasLeft;
        return hasLeft;
    }
}
