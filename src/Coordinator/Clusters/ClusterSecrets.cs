using System.Text;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>
/// Everything that needs a cluster's secrets: configs, and short-lived credentials for one purpose each (design 3.8). The bundle is
/// opened for the call and forgotten.
/// </summary>
internal sealed class ClusterSecrets(ISecretSeal seal, TimeProvider time)
{
    /// <summary>The user of our own certificates, in the audit log of the API server.</summary>
    private const string KubernetesUser = "cozy-fleet";

    public string Create(string cluster, string talosVersion) => seal.Seal(Purpose(cluster),
        Encoding.UTF8.GetBytes(SecretsBundle.Generate(SemanticVersion.Parse(talosVersion), time.GetUtcNow()).ToYaml()));

    /// <summary>What an order needs and nothing more; the certificates end with its deadline.</summary>
    public OrderCredentials For(ClusterRecord cluster, AgentOrder order, IEnumerable<NodeRecord> members)
    {
        var life = order.Deadline - time.GetUtcNow();
        var secrets = Open(cluster);
        return new(
            order.Action.Role == TalosRole.None ? null : Talos(secrets, order.Action.Role, life),
            order.Action.NeedsKubernetes ? Kubernetes(secrets, members, life) : null);
    }

    /// <summary>A reader's credentials, to look at the cluster with.</summary>
    public OrderCredentials Reader(ClusterRecord cluster, IEnumerable<NodeRecord> members, TimeSpan life)
    {
        var secrets = Open(cluster);
        return new(Talos(secrets, TalosRole.Reader, life), Kubernetes(secrets, members, life));
    }

    /// <summary>The config of one member. An order without it is stored; with it, it goes to the agent only.</summary>
    /// <exception cref="InvalidOperationException">A patch that was accepted does not apply; the message says why.</exception>
    public string Config(ClusterRecord cluster, Domain.Clusters.ClusterMember member, NodeRecord node, ImageRecord image)
    {
        var spec = cluster.Spec;
        var input = new MachineConfigInput(SemanticVersion.Parse(image.Spec.TalosVersion), SemanticVersion.Parse(spec.KubernetesVersion),
            cluster.Metadata.Name, new Uri(cluster.Endpoint), member.Hostname, InstallDisks.Choose(node, spec).Device, image.Effective.Installer);
        if (spec.PodSubnets.Count > 0)
            input = input with { PodSubnets = spec.PodSubnets };
        if (spec.ServiceSubnets.Count > 0)
            input = input with { ServiceSubnets = spec.ServiceSubnets };
        var type = member.Role == Role.ControlPlane ? MachineType.ControlPlane : MachineType.Worker;
        var config = MachineConfigGenerator.Generate(input, Open(cluster), type);
        foreach (var patch in spec.Patches.Where(p => p.Role == Role.Unspecified || p.Role == member.Role))
        {
            config = MachineConfig.ConfigPatch.Apply(config, patch.Yaml, out var refusal)
                ?? throw new InvalidOperationException($"Patch {patch.Name} of cluster {cluster.Metadata.Name}: {refusal}");
        }
        return config;
    }

    public string Kubeconfig(ClusterRecord cluster, TimeSpan life)
    {
        var secrets = Open(cluster);
        return Credentials.Kubeconfig(secrets, cluster.Metadata.Name, new Uri(cluster.Endpoint),
            Credentials.Kubernetes(secrets, "admin", life, time.GetUtcNow()));
    }

    public string Talosconfig(ClusterRecord cluster, IEnumerable<string> endpoints, string role, TimeSpan life)
    {
        var secrets = Open(cluster);
        return Credentials.Talosconfig(secrets, cluster.Metadata.Name, endpoints, Credentials.Talos(secrets, role, life, time.GetUtcNow()));
    }

    private static string Purpose(string cluster) => $"clusters/{cluster}";

    private SecretsBundle Open(ClusterRecord cluster) =>
        SecretsBundle.Parse(Encoding.UTF8.GetString(seal.Open(Purpose(cluster.Metadata.Name), cluster.SealedSecrets)));

    private TalosCredential Talos(SecretsBundle secrets, TalosRole role, TimeSpan life)
    {
        var leaf = Credentials.Talos(secrets, role switch
        {
            TalosRole.Admin => "os:admin",
            TalosRole.Operator => "os:operator",
            _ => "os:reader",
        }, life, time.GetUtcNow());
        return new(secrets.Os.Certificate, leaf.Certificate, leaf.Key);
    }

    // Any control plane speaks for the API; the one that reboots is asked in vain, and then the next.
    private KubernetesCredential Kubernetes(SecretsBundle secrets, IEnumerable<NodeRecord> members, TimeSpan life)
    {
        var endpoints = members.Where(n => n.Allocation?.Role == Role.ControlPlane && n.InstallConfirmed && n.Address != "")
            .Select(n => $"https://{n.Address}:6443");
        var leaf = Credentials.Kubernetes(secrets, KubernetesUser, life, time.GetUtcNow());
        return new([.. endpoints], secrets.Kubernetes.Certificate, leaf.Certificate, leaf.Key);
    }
}
