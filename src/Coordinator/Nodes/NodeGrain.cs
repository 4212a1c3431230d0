using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Nodes;

/// <summary>The shell around <see cref="NodeLifecycle"/>: stores what it decides, then tells the rack, the log and the cluster.</summary>
internal sealed class NodeGrain(
    [PersistentState(RecordKind.Nodes, "fleet")] IPersistentState<NodeRecord> state, IEventLog log, TimeProvider time)
    : Grain, INodeGrain
{
    // Sent after every activation once more: whoever was killed between storing and telling is told again.
    private NodeBoot? told;

    public Task<NodeRecord?> Get() => Task.FromResult(state.RecordExists ? state.State : null);

    public async Task Boot(string rack, BootReport report) =>
        await Apply(NodeLifecycle.Boot(Present(), rack, report, await Context(rack)));

    public async Task Observe(string rack, NodeObservation observation) =>
        await Apply(NodeLifecycle.Observe(Present(), rack, observation, await Context(rack)));

    public async Task<Answer<NodeRecord>> Decide(AcceptanceState decision, string decidedBy, string etag) =>
        Refuse(etag) ?? await Take(NodeLifecycle.Decide(state.State, decision, decidedBy, await Context(state.State.Rack)));

    public async Task<Answer<NodeRecord>> Update(NodeSpec spec, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        if (Refuse(etag) is { } refused)
            return refused;
        var old = state.State;
        var next = old with
        {
            Spec = spec with { Acceptance = old.Spec.Acceptance, Bmc = old.Spec.Bmc },
            Metadata = old.Metadata.Updated(metadata, specChanged: true, time.GetUtcNow()),
        };
        var change = NodeLifecycle.Finish(old, next, [], await Context(old.Rack));
        if (!validateOnly)
            await Apply(change);
        return change.Record;
    }

    public async Task<Answer<NodeRecord>> SetBmc(Bmc? bmc, string decidedBy, string etag)
    {
        if (Refuse(etag) is { } refused)
            return refused;
        var old = state.State;
        if (old.Spec.Bmc == bmc)
            return old;
        var next = old with { Spec = old.Spec with { Bmc = bmc } };
        await Apply(NodeLifecycle.Finish(old, next, [NodeEvents.BmcSet(next, decidedBy, time.GetUtcNow())], await Context(old.Rack)));
        return state.State;
    }

    public async Task<Answer<NodeRecord>> Allocate(Allocation allocation) =>
        Refuse("") ?? await Take(NodeLifecycle.Allocate(state.State, allocation, await Context(state.State.Rack)));

    public async Task<Answer<NodeRecord>> Adopt(string rack, NodeObservation seen, Allocation allocation, string decidedBy) =>
        await Take(NodeLifecycle.Adopt(Present(), rack, seen, allocation, decidedBy, await Context(rack)));

    public async Task Release(string cluster) =>
        await Apply(NodeReuse.Release(Present(), cluster, await Context(Present().Rack)));

    public async Task ReleaseDead(string cluster) =>
        await Apply(NodeReuse.ReleaseDead(Present(), cluster, await Context(Present().Rack)));

    public async Task Wiped(string cluster) =>
        await Apply(NodeReuse.Wiped(Present(), cluster, await Context(Present().Rack)));

    public async Task<Answer<NodeRecord>> AskWipe(string caller)
    {
        if (Refuse("") is { } unknown)
            return unknown;
        if (NodeReuse.WipeRefusal(state.State) is { } refusal)
            return refusal;
        await Apply(NodeReuse.AskWipe(state.State, caller, await Context(state.State.Rack)));
        return state.State;
    }

    public async Task Configured(string cluster) =>
        await Apply(NodeLifecycle.Configured(Present(), cluster, await Context(Present().Rack)));

    public async Task Given(EquatableArray<string> addresses) =>
        await Apply(NodeLifecycle.Given(Present(), addresses, await Context(Present().Rack)));

    public async Task SetOperation(NodeOperation? operation, string traceparent) =>
        await Apply(NodeLifecycle.SetOperation(Present(), operation, traceparent, await Context(Present().Rack)));

    public async Task Quarantine(string reason) =>
        await Apply(NodeLifecycle.Quarantine(Present(), reason, await Context(Present().Rack)));

    public async Task RackChanged()
    {
        if (state.RecordExists)
            await Apply(NodeLifecycle.Finish(state.State, state.State, [], await Context(state.State.Rack)));
    }

    private NodeRecord Present() => state.RecordExists
        ? state.State
        : NodeLifecycle.New(this.GetPrimaryKeyString(), Guid.CreateVersion7(time.GetUtcNow()).ToString(), time.GetUtcNow());

    private Answer<NodeRecord>? Refuse(string etag)
    {
        if (!state.RecordExists)
            return new Refusal(RefusalKind.NotFound, $"there is no node {this.GetPrimaryKeyString()}.");
        if (etag != "" && etag != state.Etag)
            return new Refusal(RefusalKind.Aborted, "the node was changed in between; read it again.", "etag");
        return null;
    }

    private async Task<NodeContext> Context(string rack)
    {
        var spec = rack == "" ? null : (await GrainFactory.GetGrain<IRackGrain>(rack).Get())?.Spec;
        return new(spec?.DiscoveryImage ?? "", spec?.AcceptanceRules ?? [], time.GetUtcNow());
    }

    private async Task<Answer<NodeRecord>> Take(Answer<NodeRecord> answer)
    {
        if (answer.Accepted(out var record, out _))
            await Apply(new(record, []));
        return answer;
    }

    private async Task Apply(NodeChange change)
    {
        var cluster = change.Record.Allocation?.Cluster ?? state.State?.Allocation?.Cluster;
        var old = state.RecordExists ? state.State : null;
        var changed = old != change.Record;
        if (changed)
            await Store(change.Record);
        NodeSpans.Emit(old, change.Record);
        foreach (var happened in change.Events)
            await log.AppendAsync(happened, CancellationToken.None);
        await Tell(change.Record);
        if (changed && cluster is not null)
            await GrainFactory.GetGrain<IClusterGrain>(cluster).Changed();
    }

    private async Task Store(NodeRecord record)
    {
        try
        {
            state.State = record;
            await state.WriteStateAsync();
        }
        catch
        {
            // Memory may not run ahead of storage.
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task Tell(NodeRecord node)
    {
        var boot = new NodeBoot(node.Metadata.Name, node.Uuid, node.Macs, node.Allocation?.Hostname ?? "", node.Boot);
        if (node.Rack == "" || boot == told)
            return;
        await GrainFactory.GetGrain<IRackGrain>(node.Rack).SetBoot(boot);
        told = boot;
    }
}
