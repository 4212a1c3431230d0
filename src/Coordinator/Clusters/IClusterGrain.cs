using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>One cluster: convergence of its members, its secrets, and the exclusion lease (design 3.3).</summary>
public interface IClusterGrain : IGrainWithStringKey
{
    Task<ClusterRecord?> Get();

    Task<Answer<ClusterRecord>> Create(ClusterSpec spec, ResourceMetadata metadata, bool validateOnly);

    /// <summary>A cluster that runs already, complete as it was found.</summary>
    Task<Answer<ClusterRecord>> Import(ClusterRecord found);

    Task<Answer<ClusterRecord>> Update(ClusterSpec spec, ResourceMetadata metadata, string etag, bool validateOnly);

    Task<Answer<ClusterRecord>> Delete(string etag);

    /// <summary>Looks at everything again: after a start, by timer, and whenever something may have changed.</summary>
    Task Reconcile();

    /// <summary>A member changed, or an agent connected.</summary>
    /// <remarks>Nobody waits for it: the node that calls may be the one that the cluster is calling.</remarks>
    [Orleans.Concurrency.OneWay]
    Task Changed();

    Task OrderFinished(OrderResult result);

    /// <summary>Takes the exclusion lease, or finds that this holder has it. Refused while another one holds it.</summary>
    Task<Answer<ExclusionLease>> AcquireLease(string holder, string purpose);

    Task ReleaseLease(string holder);

    /// <summary>
    /// The lease's holder wiped a member, or took a dead one out of etcd and Kubernetes: it leaves the cluster and its spec. May be
    /// repeated; nothing happens when the lease is another's.
    /// </summary>
    Task RemoveMember(string node, string holder, bool isWiped);

    /// <summary>
    /// Sends an order of the lease's holder with credentials minted for it. Refused when it cannot be given as it was decided on.
    /// </summary>
    Task<SendOutcome> Send(AgentOrder order);

    /// <summary>Asks a member with a credential minted for it; the answer goes to the sink. False when the agent is not connected.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<bool> Ask(AgentQuery query, string rack, IQuerySink sink);

    /// <summary>Every member runs this image now; machines that are added later get it as well.</summary>
    Task SetImage(string image);
}

/// <param name="Sent">False when the agent is not connected, or the order is refused.</param>
public sealed record SendOutcome(bool Sent, Refusal? Refusal = null);
