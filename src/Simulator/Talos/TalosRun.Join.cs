using Cozy.Fleet.Pki;
using Cozy.Fleet.Simulator.Cluster;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>The boot of a configured node: certificates, etcd, kubelet.</content>
internal sealed partial class TalosRun
{
    private readonly TaskCompletionSource bootstrapped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The bootstrap flag lives in memory: a reboot right after the call loses it (talos.md 8.1).</summary>
    /// <returns>Null, or why it is refused.</returns>
    public (Grpc.Core.StatusCode Code, string Message)? Bootstrap()
    {
        if (Config is not { } config)
            return (Grpc.Core.StatusCode.FailedPrecondition, "bootstrap is not available yet");
        if (!config.IsControlPlane)
            return (Grpc.Core.StatusCode.FailedPrecondition, "bootstrap can only be performed on a control plane node");
        if (Disk.HasEtcdData)
            return (Grpc.Core.StatusCode.AlreadyExists, "etcd data directory is not empty");
        bootstrapped.TrySetResult();
        return null;
    }

    private async Task JoinAsync(NodeConfig config)
    {
        (Config, Cluster) = (config, clusters.Of(config.ClusterId));
        SetStage(Stage.Booting);
        if (config.IsControlPlane)
            Cluster.OfferTrustd(config.OsCaCertificate, config.OsCaKey);
        // A worker gets its certificate from a control plane's trustd: without one it has no API.
        await Cluster.UntilAsync((_, _) => Cluster.OsCa is not null, ended.Token);
        await using var api = await TalosApi.StartAsync(this, ended.Token);
        if (config.IsControlPlane)
            await StartEtcdAsync(Cluster);
        await using var kubernetes = config.IsControlPlane ? await KubernetesApi.StartAsync(this, config, ended.Token) : null;
        await StartKubeletAsync(Cluster, config);
        SetStage(Stage.Running);
        Disk.Confirm();
        machine.Record("ready", Version.ToString());
        Changed?.Invoke();
        await Task.Delay(Timeout.InfiniteTimeSpan, Pace.Clock, ended.Token);
    }

    private async Task StartEtcdAsync(SimulatedCluster cluster)
    {
        if (!Disk.HasEtcdData)
        {
            await Task.WhenAny(bootstrapped.Task, cluster.UntilAsync((etcd, _) => etcd.HasQuorum, ended.Token));
            ended.Token.ThrowIfCancellationRequested();
            Disk.HasEtcdData = true;
            if (bootstrapped.Task.IsCompleted)
                cluster.Change((etcd, _) => etcd.Add(Hostname, learner: false));
            else
                await JoinEtcdAsync(cluster);
            return;
        }
        await Pace.WaitAsync(5, ended.Token);
        cluster.Change((etcd, _) =>
        {
            if (etcd.Find(Hostname) is { } member)
                member.IsUp = true;
            etcd.Elect();
        });
        await cluster.UntilAsync((etcd, _) => etcd.HasQuorum, ended.Token);
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
                added = etcd.Members.TrueForAll(m => !m.IsLearner);
                if (added)
                    etcd.Add(Hostname, learner: true);
            });
        }
        await Pace.WaitAsync(4, ended.Token);
        cluster.Change((etcd, _) =>
        {
            etcd.Find(Hostname)!.IsLearner = false;
            etcd.Elect();
        });
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
        });
    }

    private void LeaveCluster()
    {
        if (Config is null || Cluster is not { } cluster)
            return;
        machine.Record("down");
        cluster.Change((etcd, kubernetes) =>
        {
            if (etcd.Find(Hostname) is { } member)
                member.IsUp = false;
            etcd.Elect();
            if (kubernetes.Nodes.TryGetValue(Hostname, out var node))
                node.Ready = false;
        });
    }
}
