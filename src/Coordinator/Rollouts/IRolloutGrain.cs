using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Rollouts;

namespace Cozy.Fleet.Coordinator.Rollouts;

/// <summary>One rollout: a frozen plan, carried out one node at a time.</summary>
public interface IRolloutGrain : IGrainWithStringKey
{
    Task<RolloutRecord?> Get();

    Task<Answer<RolloutRecord>> Create(RolloutSpec spec, ResourceMetadata metadata, bool validateOnly);

    Task<Answer<RolloutRecord>> Pause();

    Task<Answer<RolloutRecord>> Resume();

    Task<Answer<RolloutRecord>> Abort();

    /// <summary>Looks at everything again: after a start, by timer, and whenever something may have changed.</summary>
    Task Reconcile();

    /// <summary>The cluster changed. Nobody waits for it: the cluster that calls may be the one that the rollout is calling.</summary>
    [Orleans.Concurrency.OneWay]
    Task Changed();

    Task OrderFinished(OrderResult result);
}
