using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Operations;

namespace Cozy.Fleet.Coordinator.Operations;

/// <summary>One thing that is done to one machine. The key is the operation's name.</summary>
public interface IOperationGrain : IGrainWithStringKey
{
    /// <summary>Stores it and begins. The one that is there already is answered as it is: the request was repeated.</summary>
    Task<Answer<OperationRecord>> Begin(OperationRecord wanted);

    /// <summary>Looks at everything again: after a start, by timer, and whenever something may have changed.</summary>
    Task Reconcile();

    /// <summary>The cluster changed. Nobody waits for it: the cluster that calls may be the one that the operation is calling.</summary>
    [Orleans.Concurrency.OneWay]
    Task Changed();

    Task OrderFinished(OrderResult result);
}
