using System.Collections.Concurrent;
using Cozy.Fleet.Simulator.Cluster;
using Cozy.Fleet.Simulator.Talos;

namespace Cozy.Fleet.Simulator;

/// <summary>All clusters that machines of this process belong to, by cluster id: machines that share this find each other.</summary>
public sealed class SimulatedClusters
{
    private readonly ConcurrentDictionary<string, SimulatedCluster> clusters = new();

    /// <summary>A member of etcd that was switched off together with everything that knew of it: its data says that it is one.</summary>
    internal void Remember(NodeConfig config) => Of(config.ClusterId).Change((etcd, _) =>
    {
        etcd.Add(config.Hostname, learner: false);
        etcd.Leave(config.Hostname);
    });

    internal SimulatedCluster Of(string clusterId) => clusters.GetOrAdd(clusterId, _ => new());
}
