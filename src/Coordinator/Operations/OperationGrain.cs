using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Operations;

namespace Cozy.Fleet.Coordinator.Operations;

/// <summary>
/// The shell around <see cref="OperationMachine"/>: stores what it decides, then makes it true. What a crash cut off follows from the record
/// and the facts, and is done at the next look.
/// </summary>
internal sealed class OperationGrain(
    [PersistentState(RecordKind.Operations, "fleet")] IPersistentState<OperationRecord> state, IRecordStore store,
    IEventLog log, BmcSecrets bmcs, TimeProvider time)
    : Grain, IOperationGrain
{
    private static readonly TimeSpan SignalDelay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan OrderRepeat = TimeSpan.FromSeconds(10);

    private GrainSignal? signal;
    private (string OperationId, DateTimeOffset Time) sent = ("", default);
    private bool settled;

    private IClusterGrain Cluster => GrainFactory.GetGrain<IClusterGrain>(state.State.Cluster);

    public async Task<Answer<OperationRecord>> Begin(OperationRecord wanted)
    {
        if (state.RecordExists)
            return state.State;
        if (await Facts(wanted) is not { } facts)
            return new Refusal(RefusalKind.NotFound, wanted.Cluster == "" ? $"there is no node {wanted.Node}." : $"there is no cluster {wanted.Cluster}.");
        if (OperationRules.Refusal(wanted, facts) is { } refusal)
            return refusal;
        await Apply(null, wanted);
        Signal();
        return wanted;
    }

    public async Task Reconcile()
    {
        if (!state.RecordExists || settled)
            return;
        // A refusal shows in the facts: another one's lease, or a cluster that is only observed.
        if (state.State.State == OperationState.Starting && OperationRules.TakesLease(state.State))
            await Cluster.AcquireLease(state.State.Holder, $"{OperationRules.Word(state.State.Action)} of {state.State.Hostname}");
        if (await Facts(state.State) is not { } facts)
            return;
        await Apply(state.State, OperationMachine.Advance(state.State, facts));
        await Settle(facts);
    }

    public Task Changed()
    {
        Signal();
        return Task.CompletedTask;
    }

    public async Task OrderFinished(OrderResult result)
    {
        if (!state.RecordExists)
            return;
        // Before the order is forgotten: whoever is killed in between gets the same result again.
        if (state.State.OpenOrder is { Action: OrderAction.ChangeConfiguration change } order && order.OperationId == result.OperationId
            && result.Outcome == OrderOutcome.Succeeded)
        {
            var works = change.How is ConfigApply.Live or ConfigApply.Trial;
            await GrainFactory.GetGrain<IAppliedConfigGrain>(order.Node).Took(change.Digest, works ? "" : state.State.BootIdBefore);
        }
        await Apply(state.State, OperationMachine.Finished(state.State, result));
        Signal();
    }

    // Makes true what the record says: who works on the node, the order that is out, the end.
    private async Task Settle(OperationFacts facts)
    {
        var operation = state.State;
        if (facts.Member(operation.Node) is { } member)
            await Show(operation, member);
        if (operation.OpenOrder is { } order)
            await Send(order);
        if (!operation.IsFinal)
            return;
        if (operation.ReleasesMember)
            await Cluster.RemoveMember(operation.Node, operation.Holder, isWiped: operation.Action is OrderAction.Reset);
        if (OperationRules.TakesLease(operation))
            await Cluster.ReleaseLease(operation.Holder);
        settled = true;
    }

    private async Task Show(OperationRecord operation, NodeRecord member)
    {
        var wanted = operation.IsFinal ? null : new NodeOperation(
            OperationRules.Word(operation.Action), operation.Holder, operation.State.ToString(), operation.Metadata.CreateTime);
        if (member.Operation == wanted || (wanted is null && member.Operation?.Owner != operation.Holder))
            return;
        await GrainFactory.GetGrain<INodeGrain>(operation.Node).SetOperation(wanted, "");
    }

    private async Task Send(AgentOrder order)
    {
        var now = time.GetUtcNow();
        if (sent.OperationId == order.OperationId && now - sent.Time < OrderRepeat)
            return;
        var outcome = order.Action is OrderAction.SwitchPower ? await SendToBmc(order) : await Cluster.Send(order);
        if (outcome.Refusal is { } refusal)
            await OrderFinished(new(order.OperationId, order.Owner, OrderOutcome.Failed, FailureClass.Environment, refusal.Message, 0, now));
        else if (outcome.Sent)
            sent = (order.OperationId, now);
    }

    // No cluster's secret is needed for it, and no member of one.
    private async Task<SendOutcome> SendToBmc(AgentOrder order)
    {
        if (order.Deadline <= time.GetUtcNow())
            return new(false);
        return await Node(order.Node) is { } node && bmcs.For(node) is { } credentials
            ? new(await GrainFactory.GetGrain<IRackGrain>(node.Rack).Send(order, credentials))
            : new(false, new(RefusalKind.FailedPrecondition, $"the BMC of node {order.Hostname} was forgotten meanwhile"));
    }

    private ValueTask<NodeRecord?> Node(string name) => store.ReadAsync<NodeRecord>(RecordKind.Nodes, name, CancellationToken.None);

    private async Task<OperationFacts?> Facts(OperationRecord operation)
    {
        if (operation.Cluster == "")
            return await Node(operation.Node) is { } node ? new(null, [node], time.GetUtcNow()) : null;
        return await store.ReadAsync<ClusterRecord>(RecordKind.Clusters, operation.Cluster, CancellationToken.None) is { } cluster
            ? new(cluster, [.. await store.MembersAsync(cluster, CancellationToken.None)], time.GetUtcNow())
            : null;
    }

    private async Task Apply(OperationRecord? old, OperationRecord next)
    {
        if (next == old)
            return;
        try
        {
            state.State = next;
            await state.WriteStateAsync();
        }
        catch
        {
            // Memory may not run ahead of storage.
            DeactivateOnIdle();
            throw;
        }
        foreach (var happened in OperationEvents.Between(old, next, time.GetUtcNow()))
            await log.AppendAsync(happened, CancellationToken.None);
    }

    private void Signal() => (signal ??= new(this, SignalDelay, Reconcile)).Raise();
}
