using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>What the API's services ask of a run.</content>
internal sealed partial class TalosRun
{
    private long eventNumber;

    /// <summary>Installer images that were pulled in this boot.</summary>
    public System.Collections.Concurrent.ConcurrentBag<string> PulledImages { get; } = [];

    public IReadOnlyCollection<string> DiskNames => machine.DiskNames;

    /// <summary>The API closes connections for a while after each boot, when that fault is set.</summary>
    public bool Flapping =>
        machine.Options.Fault == Fault.ApiFlaps && Config is not null
        && Pace.Clock.GetUtcNow() - BootTime < Pace.Scaled(60)
        && Pace.Clock.GetUtcNow().Ticks / Pace.Scaled(4).Ticks % 2 == 0;

    public string NextEventId() => $"{BootTime.ToUnixTimeSeconds():x10}{Interlocked.Increment(ref eventNumber):x10}";

    /// <summary>Answers first, reboots then: the caller gets its reply, mostly.</summary>
    public void RebootSoon() => Background(async () =>
    {
        await Pace.WaitAsync(2, ended.Token);
        Reboot();
    });

    /// <summary>The upgrade sequence of older versions: cordon, drain, install, reboot (talos.md 6.1).</summary>
    public void LegacyUpgradeSoon(string image) => Background(async () =>
    {
        SetStage(Stage.Upgrading);
        var cluster = Cluster!;
        cluster.Change((_, kubernetes) =>
        {
            if (!kubernetes.Nodes.TryGetValue(Hostname, out var node) || node.Unschedulable)
                return;
            // Talos removes its own cordon after the boot and leaves anybody else's alone.
            (node.Unschedulable, node.Annotations["talos.dev/cordoned"]) = (true, "true");
            foreach (var pod in kubernetes.Pods.Where(p => p.Node == Hostname && p.OwnerKind != "DaemonSet").ToList())
                kubernetes.Evict(pod.Namespace, pod.Name);
        });
        await Pace.WaitAsync(5, ended.Token);
        await RunInstallerAsync(image, ended.Token);
        Reboot();
    });

    /// <summary>What keeps etcd from bearing an upgrade, as the older call checks it (talos.md 6.1).</summary>
    public string? EtcdProblem() => Cluster!.Look((etcd, _) =>
        etcd.Members.Count == 2 ? "etcd member count 2 is not supported"
        : etcd.Members.Find(m => !m.IsUp) is { } down ? $"etcd member {down.Hostname} is not healthy"
        : null);

    /// <summary>Asks etcd through this member.</summary>
    public T OnEtcd<T>(Func<EtcdCluster, EtcdMemberState, T> ask)
    {
        if (Config is not { IsControlPlane: true })
            throw new RpcException(new(StatusCode.Unimplemented, "etcd is only available on control plane nodes"));
        return Cluster!.Look((etcd, _) => etcd.Find(Hostname) is { IsUp: true } member && etcd.HasQuorum
            ? ask(etcd, member)
            : throw new RpcException(new(StatusCode.Unavailable, "etcd is not running")));
    }

    /// <summary>The machine status now and with each change.</summary>
    public async IAsyncEnumerable<MachineStatusEvent> StatusesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        void OnChanged() => channel.Writer.TryWrite(true);
        Changed += OnChanged;
        try
        {
            OnChanged();
            await foreach (var _ in channel.Reader.ReadAllAsync(cancellation))
            {
                var status = new MachineStatusEvent.Types.MachineStatus { Ready = Ready };
                status.UnmetConditions.AddRange(UnmetConditions.Select(c =>
                    new MachineStatusEvent.Types.MachineStatus.Types.UnmetCondition { Name = c.Name, Reason = c.Reason }));
                yield return new() { Stage = (MachineStatusEvent.Types.MachineStage)Stage, Status = status };
            }
        }
        finally
        {
            Changed -= OnChanged;
        }
    }

    private void Background(Func<Task> work) => _ = RunBackgroundAsync(work);

    private async Task RunBackgroundAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The machine was switched off meanwhile.
        }
    }
}
