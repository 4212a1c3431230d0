using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>Keeps the agents of a cluster's racks supplied with what to look at and a reader's credentials. In memory only.</summary>
internal sealed class ObservationLeases
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(20);

    private readonly Dictionary<string, (string Content, DateTimeOffset RenewTime)> given = [];

    public async Task Renew(ClusterRecord cluster, ClusterFacts facts, ClusterSecrets secrets, IGrainFactory grains)
    {
        var members = facts.Nodes.Where(n => n.Allocation?.Cluster == cluster.Metadata.Name && n.Address != "").ToArray();
        // Which control planes speak for Kubernetes is part of the lease.
        var endpoints = string.Join(',', members.Where(n => n is { InstallConfirmed: true, Allocation.Role: Role.ControlPlane }).Select(n => n.Address));
        foreach (var rack in members.GroupBy(n => n.Rack))
        {
            ObservationTarget[] targets = [.. rack.Select(n =>
                new ObservationTarget(n.Metadata.Name, n.Address, n.Allocation!.Hostname, n.Allocation.Role, n.StaticAddresses))];
            var content = $"{endpoints} {string.Join(' ', targets.Select(t => $"{t} {string.Join(',', t.Addresses)}"))}";
            if (given.TryGetValue(rack.Key, out var last) && last.Content == content && facts.Now < last.RenewTime)
                continue;
            var lease = new ObservationLease(cluster.Metadata.Name, targets, secrets.Reader(cluster, members, Life), facts.Now + Life);
            // An agent that is away gets it from its rack when it connects.
            await grains.GetGrain<IRackGrain>(rack.Key).Observe(lease);
            given[rack.Key] = (content, facts.Now + (Life / 2));
        }
    }
}
