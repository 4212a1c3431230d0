using System.Collections.Concurrent;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>What the API's services ask of a run.</content>
internal sealed partial class TalosRun
{
    private static readonly string[] PreserveSkipsChecks = ["1.12.9", "1.13.4"];

    /// <summary>Images that were pulled in this boot: by the reference asked for, and by the digest that it stands for.</summary>
    public ConcurrentDictionary<string, string> PulledImages { get; } = new();

    /// <summary>The API closes connections for a while after each boot, when that fault is set.</summary>
    public bool Flapping =>
        machine.Options.Fault == Fault.ApiFlaps && Config is not null
        && Pace.Clock.GetUtcNow() - BootTime < Pace.Scaled(60)
        && (Pace.Clock.GetUtcNow() - BootTime).Ticks / Pace.Scaled(4).Ticks % 2 == 0;

    /// <summary>Answers first, reboots then: the caller gets its reply, mostly.</summary>
    public void RebootSoon() => Background(async () =>
    {
        await Pace.WaitAsync(2, ended.Token);
        Reboot();
    });

    /// <summary>Goes back to the other slot (talos.md 6.4).</summary>
    /// <returns>False when it is empty.</returns>
    public bool RollBack()
    {
        if (!Disk.RollBack())
            return false;
        machine.Record("rollback", Disk.Current!);
        RebootSoon();
        return true;
    }

    /// <summary>The upgrade sequence of older versions: cordon, drain, install, reboot (talos.md 6.1).</summary>
    public void LegacyUpgradeSoon(string image, bool preserve) => Background(async () =>
    {
        Events.Append(new SequenceEvent { Sequence = "upgrade", Action = SequenceEvent.Types.Action.Start }, BootId);
        SetStage(Stage.Upgrading);
        await CordonAndDrainAsync(Cluster!);
        await Pace.WaitAsync(5, ended.Token);
        if (!Version.IsAtLeast(1, 8) && !preserve)
            WipeEphemeral(Cluster!);
        await Installer.RunAsync(image, ended.Token);
        // The sequence ends with a reboot, whatever the installer did: rebooted is not upgraded.
        Reboot();
    });

    /// <summary>What keeps etcd from bearing an upgrade, as the older call checks it (talos.md 6.1).</summary>
    public string? EtcdProblem(bool preserve) => PreserveMeansForce && preserve ? null : Cluster!.Look((etcd, _) =>
        etcd.Members.Count == 2 ? "etcd member count 2 is not supported"
        : etcd.Members.Count == 1 && !preserve && !Version.IsAtLeast(1, 8) ? "the only etcd member cannot leave"
        : etcd.Members.Find(m => !m.IsUp) is { } down ? $"etcd member {down.Hostname} is not healthy"
        : null);

    /// <summary>Asks etcd through this member.</summary>
    public T OnEtcd<T>(Func<EtcdCluster, EtcdMemberState, T> ask) =>
        OnMember((etcd, member) => etcd.HasQuorum ? ask(etcd, member) : throw EtcdIsDown());

    /// <summary>Asks this member alone, which answers without quorum as well.</summary>
    public T OnMember<T>(Func<EtcdCluster, EtcdMemberState, T> ask)
    {
        if (Config is not { IsControlPlane: true })
            throw new RpcException(new(StatusCode.Unimplemented, "etcd is only available on control plane nodes"));
        return Cluster!.Look((etcd, _) => etcd.Find(Hostname) is { IsUp: true } member ? ask(etcd, member) : throw EtcdIsDown());
    }

    private static RpcException EtcdIsDown() => new(new(StatusCode.Unavailable, "etcd is not running"));

    // From 1.12.9 and 1.13.4 preserve skips the etcd checks (talos.md 0, trap 6).
    private bool PreserveMeansForce => Version.IsAtLeast(1, 14)
        || Array.Exists(PreserveSkipsChecks, text => Primitives.SemanticVersion.Parse(text) is var from && from.Minor == Version.Minor && Version >= from);

    // Cordons, evicts, asks again every 5 s where a budget refuses, for 5 minutes; what is left is killed (talos.md 6.1).
    private async Task CordonAndDrainAsync(SimulatedCluster cluster)
    {
        cluster.Change((_, kubernetes) =>
        {
            // Talos removes its own cordon after the boot and leaves anybody else's alone.
            if (kubernetes.Nodes.TryGetValue(Hostname, out var node) && !node.Unschedulable)
                (node.Unschedulable, node.Annotations["talos.dev/cordoned"]) = (true, "true");
        });
        for (var attempt = 0; attempt < 60; attempt++)
        {
            var left = 0;
            cluster.Change((_, kubernetes) => left = kubernetes.Drain(Hostname));
            if (left == 0)
                return;
            await Pace.WaitAsync(5, ended.Token);
        }
    }

    // Up to 1.7 an upgrade without preserve wipes EPHEMERAL and leaves etcd (talos.md 0, trap 6).
    private void WipeEphemeral(SimulatedCluster cluster)
    {
        Disk.HasEtcdData = false;
        cluster.Change((etcd, _) => etcd.Remove(Hostname));
    }

    // A failure in the background ends the run: it must not be lost.
    private void Background(Func<Task> work) => _ = RunBackgroundAsync(work);

    private async Task RunBackgroundAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            // The machine was switched off meanwhile, or what it waited for was called off.
        }
        catch (Exception failure)
        {
            rebooted.TrySetException(failure);
        }
    }
}
