using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>A kubeconfig or talosconfig with a client certificate of its own.</summary>
internal sealed record IssuedConfig(string Yaml);

/// <summary>Issues client configurations of clusters; the cluster's log says so.</summary>
internal sealed class ClientConfigs(IRecordStore store, IEventLog log, ClusterSecrets secrets, TimeProvider time)
{
    public Task<Answer<IssuedConfig>> KubeconfigAsync(string cluster, TimeSpan ttl, CancellationToken cancellation) =>
        IssueAsync(cluster, (record, _) => secrets.Kubeconfig(record, ttl), cancellation);

    /// <param name="role">os:reader, os:operator or os:admin.</param>
    public Task<Answer<IssuedConfig>> TalosconfigAsync(string cluster, TimeSpan ttl, string role, CancellationToken cancellation) =>
        IssueAsync(cluster, (record, facts) => secrets.Talosconfig(record, ControlPlanes(facts), role, ttl), cancellation);

    private static IEnumerable<string> ControlPlanes(ClusterFacts facts) =>
        facts.Nodes.Where(n => n.Allocation is { Role: Role.ControlPlane } && n.Address != "").Select(n => n.Address);

    private async Task<Answer<IssuedConfig>> IssueAsync(
        string name, Func<ClusterRecord, ClusterFacts, string> issue, CancellationToken cancellation)
    {
        if (await store.ReadAsync<ClusterRecord>(RecordKind.Clusters, name, cancellation) is not { } cluster)
            return new Refusal(RefusalKind.NotFound, $"there is no cluster {name}.");
        if (cluster.BootstrapTime is null)
            return new Refusal(RefusalKind.FailedPrecondition, $"cluster {name} is {cluster.Phase}: it has no Kubernetes API yet.");
        var now = time.GetUtcNow();
        var issued = new IssuedConfig(issue(cluster, await store.FactsOfAsync(cluster, now)));
        await log.AppendAsync(new(now, EventSeverity.Normal, $"{RecordKind.Clusters}/{name}", "CredentialIssued",
            $"a client configuration of cluster {name} was issued"), CancellationToken.None);
        return issued;
    }
}
