using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;

namespace Cozy.Fleet.Coordinator.Racks;

/// <summary>One rack: its agent's session, the sequence of its reports, and what its machines are told at boot.</summary>
public interface IRackGrain : IGrainWithStringKey
{
    /// <summary>The record, or null when the rack does not exist.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<RackRecord?> Get();

    /// <summary>Sets what the agent answers to a machine; the agent gets a new desired state when it differs.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task SetBoot(NodeBoot boot);

    /// <summary>
    /// Hands an order to the agent. False when no agent is connected: the caller tries again with the same operation id.
    /// </summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<bool> Send(AgentOrder order, OrderCredentials credentials);

    /// <summary>Hands the agent what to observe for one cluster. False when no agent is connected.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<bool> Observe(ObservationLease lease);
}

/// <summary>Short-lived credentials that travel beside an order and are stored nowhere. PEM; empty when not needed.</summary>
public sealed record OrderCredentials(TalosCredential? Talos, KubernetesCredential? Kubernetes);

public sealed record TalosCredential(string Ca, string Certificate, string Key);

public sealed record KubernetesCredential(string[] Endpoints, string Ca, string Certificate, string Key);

/// <summary>Which nodes of a cluster an agent looks at, until when, and with which reader's credentials.</summary>
public sealed record ObservationLease(
    string Cluster, ObservationTarget[] Targets, OrderCredentials Credentials, DateTimeOffset ExpireTime);

public sealed record ObservationTarget(string Node, string Address, string Hostname, Role Role);
