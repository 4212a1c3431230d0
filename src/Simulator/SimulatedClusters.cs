using System.Collections.Concurrent;
using Cozy.Fleet.Simulator.Cluster;

namespace Cozy.Fleet.Simulator;

/// <summary>All clusters that machines of this process belong to, by cluster id: machines that share this find each other.</summary>
public sealed class SimulatedClusters
{
    private readonly ConcurrentDictionary<string, SimulatedCluster> clusters = new();

    internal SimulatedCluster Of(string clusterId) => clusters.GetOrAdd(clusterId, _ => new());
}
