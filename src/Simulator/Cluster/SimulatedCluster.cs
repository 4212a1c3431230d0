namespace Cozy.Fleet.Simulator.Cluster;

/// <summary>
/// What the machines of one cluster have in common: etcd and Kubernetes. Machines find it by the cluster id of their config,
/// as real ones do by discovery; what a machine that is off would know is not answered.
/// </summary>
internal sealed class SimulatedCluster
{
    private readonly Lock gate = new(); // Machines live on different threads; nothing in here waits.
    private readonly EtcdCluster etcd = new();
    private readonly KubernetesState kubernetes = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The Talos CA with its key, once a control plane is up: what trustd signs with.</summary>
    public (string Certificate, string Key)? OsCa { get; private set; }

    public T Look<T>(Func<EtcdCluster, KubernetesState, T> look)
    {
        lock (gate)
            return look(etcd, kubernetes);
    }

    public void Change(Action<EtcdCluster, KubernetesState> change)
    {
        TaskCompletionSource done;
        lock (gate)
        {
            change(etcd, kubernetes);
            (done, changed) = (changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        done.SetResult();
    }

    public void OfferTrustd(string certificate, string key) => Change((_, _) => OsCa = (certificate, key));

    /// <summary>Completes with the next change.</summary>
    public Task NextChange()
    {
        lock (gate)
            return changed.Task;
    }

    /// <summary>Waits until something is true of the cluster.</summary>
    public async Task UntilAsync(Func<EtcdCluster, KubernetesState, bool> condition, CancellationToken cancellation)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (condition(etcd, kubernetes))
                    return;
                next = changed.Task;
            }
            await next.WaitAsync(cancellation);
        }
    }
}
