using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Talos.Api.Machine;
using Grpc.Core;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>The boot of a configured node: certificates, etcd, kubelet.</content>
internal sealed partial class TalosRun
{
    private readonly TaskCompletionSource bootstrapped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool timeIsSynced;

    /// <summary>The bootstrap flag lives in memory: a reboot right after the call loses it (talos.md 8.1).</summary>
    /// <returns>Null, or why it is refused; a worker's answer is another from 1.13 on (talos.md 8.1).</returns>
    public (StatusCode Code, string Message)? Bootstrap()
    {
        if (Config is not { } config)
            return (StatusCode.FailedPrecondition, "bootstrap is not available yet");
        if (!config.IsControlPlane)
        {
            return Version.IsAtLeast(1, 13)
                ? (StatusCode.Unimplemented, "bootstrap is only available on control plane nodes")
                : (StatusCode.FailedPrecondition, "bootstrap can only be performed on a control plane node");
        }
        if (Disk.HasEtcdData || bootstrapped.Task.IsCompleted)
            return (StatusCode.AlreadyExists, "etcd data directory is not empty");
        if (!timeIsSynced)
            return (StatusCode.FailedPrecondition, "time is not in sync yet");
        machine.Record("bootstrap", config.ClusterId);
        bootstrapped.TrySetResult();
        return null;
    }

    private async Task JoinAsync(NodeConfig config)
    {
        (Config, Cluster) = (config, clusters.Of(config.ClusterId));
        PublishStatus();
        if (config.IsControlPlane)
            Cluster.OfferTrustd(config.OsCaCertificate, config.OsCaKey);
        // A worker gets its certificate from a control plane's trustd: without one it has no API.
        await Cluster.UntilAsync((_, _) => Cluster.OsCa is not null, ended.Token);
        await using var api = await MovingListener.StartAsync(this, token => TalosApi.StartAsync(this, token));
        var watching = WatchStatusAsync(Cluster);
        await Pace.WaitAsync(3, ended.Token);
        timeIsSynced = true;
        if (config.IsControlPlane)
            await StartEtcdAsync(Cluster);
        await using var kubernetes = config.IsControlPlane
            ? await MovingListener.StartAsync(this, token => KubernetesApi.StartAsync(this, config, token)) : null;
        await StartKubeletAsync(Cluster, config);
        Events.Append(new SequenceEvent { Sequence = "boot", Action = SequenceEvent.Types.Action.Stop });
        SetStage(Stage.Running);
        Disk.Confirm();
        Changed();
        await Disk.SyncAsync(ended.Token);
        machine.Record("ready", Version.ToString());
        await watching;
    }

    // Readiness depends on what other machines do; each change is an event of its own.
    private async Task WatchStatusAsync(SimulatedCluster cluster)
    {
        while (true)
        {
            var change = cluster.NextChange();
            PublishStatus();
            await change.WaitAsync(ended.Token);
        }
    }

    private async Task StartEtcdAsync(SimulatedCluster cluster)
    {
        if (Disk.HasEtcdData)
        {
            await Pace.WaitAsync(5, ended.Token);
            // A member that was taken out does not come back with its old data: nothing becomes ready on this node.
            if (cluster.Look((etcd, _) => etcd.Find(Hostname)) is null)
                await Task.Delay(Timeout.InfiniteTimeSpan, Pace.Clock, ended.Token);
            cluster.Change((etcd, _) => etcd.Return(Hostname));
            await cluster.UntilAsync((etcd, _) => etcd.HasQuorum, ended.Token);
            return;
        }
        await Task.WhenAny(bootstrapped.Task, cluster.UntilAsync((etcd, _) => etcd.HasQuorum, ended.Token));
        ended.Token.ThrowIfCancellationRequested();
        Disk.HasEtcdData = true;
        await Disk.SyncAsync(ended.Token);
        if (bootstrapped.Task.IsCompleted)
            await FoundEtcdAsync(cluster);
        else
            await JoinEtcdAsync(cluster);
    }

    // A second bootstrap makes a second etcd, which the rest of the cluster knows nothing of: nothing becomes ready on this node.
    private async Task FoundEtcdAsync(SimulatedCluster cluster)
    {
        var alone = true;
        cluster.Change((etcd, _) =>
        {
            alone = etcd.Members.Count == 0;
            if (alone)
                etcd.Add(Hostname, learner: false);
        });
        if (alone)
            return;
        machine.Record("splitbrain", $"{Hostname} was bootstrapped although etcd runs elsewhere");
        await Task.Delay(Timeout.InfiniteTimeSpan, Pace.Clock, ended.Token);
    }

    // A new member starts as a learner and is promoted when it has caught up; one at a time.
    private async Task JoinEtcdAsync(SimulatedCluster cluster)
    {
        var added = false;
        while (!added)
        {
            await cluster.UntilAsync((etcd, _) => etcd.HasQuorum && etcd.Members.TrueForAll(m => !m.IsLearner), ended.Token);
            cluster.Change((etcd, _) =>
            {
                added = etcd.HasQuorum && etcd.Members.TrueForAll(m => !m.IsLearner);
                if (added)
                    etcd.Add(Hostname, learner: true);
            });
        }
        await Pace.WaitAsync(4, ended.Token);
        cluster.Change((etcd, _) => etcd.Promote(Hostname));
    }

    private async Task StartKubeletAsync(SimulatedCluster cluster, NodeConfig config)
    {
        await cluster.UntilAsync((etcd, _) => etcd.HasQuorum, ended.Token);
        await Pace.WaitAsync(4, ended.Token);
        cluster.Change((_, kubernetes) =>
        {
            var node = kubernetes.Register(Hostname);
            (node.Address, node.IsControlPlane) = (Address.ToString(), config.IsControlPlane);
            (node.BootId, node.KubeletVersion, node.OsImage) = (BootId, config.KubeletVersion, $"Talos ({Version})");
            node.Ready = true;
            // Only Talos' own cordon is taken away after the boot (talos.md 6.1).
            if (node.Annotations.Remove("talos.dev/cordoned"))
                node.Unschedulable = false;
            kubernetes.Schedule();
        });
    }

    /// <summary>The node is not ready while its kubelet is away.</summary>
    public void RestartKubeletSoon() => Background(async () =>
    {
        SetReady(false);
        await Pace.WaitAsync(3, ended.Token);
        SetReady(true);

        void SetReady(bool ready) => Cluster!.Change((_, kubernetes) =>
        {
            if (kubernetes.Nodes.TryGetValue(Hostname, out var node))
                node.Ready = ready;
        });
    });

    private void LeaveCluster()
    {
        if (Config is null || Cluster is not { } cluster)
            return;
        machine.Record("down");
        cluster.Change((etcd, kubernetes) =>
        {
            etcd.Leave(Hostname);
            if (kubernetes.Nodes.TryGetValue(Hostname, out var node))
                node.Ready = false;
        });
    }
}
