using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Rollouts;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Rollouts;

/// <summary>
/// The shell around <see cref="RolloutMachine"/>: stores what it decides, then makes it true. What a crash cut off follows from the record
/// and the facts, and is done at the next look.
/// </summary>
internal sealed class RolloutGrain(
    [PersistentState(RecordKind.Rollouts, "fleet")] IPersistentState<RolloutRecord> state, IRecordStore store, IEventLog log, TimeProvider time)
    : Grain, IRolloutGrain
{
    // Soak times and retries end by the clock; what happens to nodes is signalled.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SignalDelay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan OrderRepeat = TimeSpan.FromSeconds(10);

    private IGrainTimer? ticks;
    private GrainSignal? signal;
    private (string OperationId, DateTimeOffset Time) sent;
    private bool settled;

    private string Name => this.GetPrimaryKeyString();

    private IClusterGrain Cluster => GrainFactory.GetGrain<IClusterGrain>(state.State.Spec.Cluster);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Schedule();
        return Task.CompletedTask;
    }

    public Task<RolloutRecord?> Get() => Task.FromResult(state.RecordExists ? state.State : null);

    public async Task<Answer<RolloutRecord>> Create(RolloutSpec spec, ResourceMetadata metadata, bool validateOnly)
    {
        if (state.RecordExists)
            return new Refusal(RefusalKind.AlreadyExists, $"rollout {Name} exists already.", "metadata.name");
        if (await ToUpgrade(spec.Cluster) is not { } cluster)
            return new Refusal(RefusalKind.NotFound, $"there is no cluster '{spec.Cluster}'.", "spec.cluster");
        if (await Image(spec.Image) is not { } image)
            return new Refusal(RefusalKind.FailedPrecondition, $"there is no image '{spec.Image}'; apply it first.", "spec.talos_upgrade.image");
        if (Problem(cluster, image) is { } problem)
            return problem;
        var wanted = new RolloutRecord(metadata, spec) { Traceparent = Telemetry.NewTrace(), StartTime = time.GetUtcNow() };
        if (!RolloutPlan.Make(wanted, cluster, image, await Members(cluster)).Accepted(out var plan, out var refusal))
            return refusal;
        if (validateOnly)
            return plan;
        if (ExclusionLeases.OnlyObserved(cluster) is { } observed)
            return observed;
        await Store(plan);
        await Tell(null, plan);
        Schedule();
        return plan;
    }

    public Task<Answer<RolloutRecord>> Pause() => Take(r => RolloutMachine.Request(r, RolloutMachine.Pause, time.GetUtcNow()));

    public Task<Answer<RolloutRecord>> Resume() => Take(RolloutMachine.Resume);

    public Task<Answer<RolloutRecord>> Abort() => Take(r => RolloutMachine.Request(r, RolloutMachine.Abort, time.GetUtcNow()));

    public async Task Reconcile()
    {
        if (!state.RecordExists || (settled && state.State.State != RolloutState.Running))
            return;
        if (state.State.State == RolloutState.Running)
            await Cluster.AcquireLease(state.State.Holder, $"Talos {state.State.Spec.Image}");
        if (await Cluster.Get() is not { } cluster)
            return;
        var facts = new RolloutFacts(cluster.Lease, [.. await Members(cluster)], time.GetUtcNow());
        await Apply(RolloutMachine.Advance(state.State, facts));
        await Settle(facts);
    }

    public Task Changed()
    {
        Schedule(soon: true);
        return Task.CompletedTask;
    }

    public async Task OrderFinished(OrderResult result)
    {
        if (!state.RecordExists)
            return;
        await Apply(RolloutMachine.Finished(state.State, result));
        Schedule(soon: true);
    }

    // A rollout's end is stored before it gives the lease back: who starts the next one right behind it may not meet that lease.
    private async Task<ClusterRecord?> ToUpgrade(string name)
    {
        var cluster = GrainFactory.GetGrain<IClusterGrain>(name);
        if ((await cluster.Get())?.Lease?.Holder.Split('/', 2) is [RecordKind.Rollouts, var rollout])
            await GrainFactory.GetGrain<IRolloutGrain>(rollout).Reconcile();
        return await cluster.Get();
    }

    private static Refusal? Problem(ClusterRecord cluster, ImageRecord image)
    {
        if (cluster.Lease is { } lease)
        {
            return new(RefusalKind.FailedPrecondition,
                $"{lease.Holder} ({lease.Purpose}) works on cluster {cluster.Metadata.Name} since {lease.AcquireTime:u}; finish or abort it first.", "spec.cluster");
        }
        return VersionRules.Problem(SemanticVersion.Parse(image.Spec.TalosVersion), SemanticVersion.Parse(cluster.Spec.KubernetesVersion)) is { } problem
            ? new(RefusalKind.FailedPrecondition, problem, "spec.talos_upgrade.image")
            : null;
    }

    private async Task<Answer<RolloutRecord>> Take(Func<RolloutRecord, Answer<RolloutRecord>> change)
    {
        if (!state.RecordExists)
            return new Refusal(RefusalKind.NotFound, $"there is no rollout {Name}.");
        if (!change(state.State).Accepted(out var next, out var refusal))
            return refusal;
        settled = false;
        await Apply(next);
        Schedule(soon: true);
        return next;
    }

    private async Task Apply(RolloutRecord next)
    {
        var old = state.State;
        if (next == old)
            return;
        await Store(next);
        RolloutSpans.Emit(old, next);
        await Tell(old, next);
    }

    // Makes true what the record says: who works on which node, the order that is out, a quarantine, the end.
    private async Task Settle(RolloutFacts facts)
    {
        var rollout = state.State;
        foreach (var node in rollout.Nodes)
        {
            if (facts.Member(node.Node) is { } member)
                await ShowOperation(rollout, node, member);
            if (node.Quarantine != "")
                await Quarantine(node);
        }
        if (rollout.Nodes.FirstOrDefault(n => n.OpenOrder is not null)?.OpenOrder is { } order)
            await Send(order);
        if (rollout.State == RolloutState.Done)
            await Cluster.SetImage(rollout.Spec.Image);
        if (rollout.IsFinal)
            await Cluster.ReleaseLease(rollout.Holder);
        settled = rollout.State != RolloutState.Running;
    }

    private async Task ShowOperation(RolloutRecord rollout, RolloutNode node, NodeRecord member)
    {
        var inFlight = node.State == RolloutNodeState.InFlight;
        var wanted = inFlight ? new NodeOperation("upgrade", rollout.Holder, node.Current?.Kind.ToString() ?? "", node.Steps[^1].StartTime) : null;
        if (member.Operation == wanted || (wanted is null && member.Operation?.Owner != rollout.Holder))
            return;
        // The reboot belongs to the rollout's trace.
        await GrainFactory.GetGrain<INodeGrain>(node.Node).SetOperation(wanted, inFlight ? RolloutTrace.Node(rollout, node) : "");
    }

    // Once: a person who cleared it must not find it set again.
    private async Task Quarantine(RolloutNode node)
    {
        await GrainFactory.GetGrain<INodeGrain>(node.Node).Quarantine(node.Quarantine);
        var index = state.State.Nodes.Select(n => n.Node).ToList().IndexOf(node.Node);
        await Store(state.State with { Nodes = state.State.Nodes.SetItem(index, state.State.Nodes[index] with { Quarantine = "" }) });
    }

    private async Task Send(AgentOrder order)
    {
        var now = time.GetUtcNow();
        if (sent.OperationId == order.OperationId && now - sent.Time < OrderRepeat)
            return;
        if ((await Cluster.Send(order)).Sent)
            sent = (order.OperationId, now);
    }

    private async Task<IReadOnlyList<NodeRecord>> Members(ClusterRecord cluster) =>
        [.. (await store.MembersAsync(cluster, CancellationToken.None)).Where(node => node.Allocation is not null)];

    private ValueTask<ImageRecord?> Image(string name) => store.ReadAsync<ImageRecord>(RecordKind.Images, name, CancellationToken.None);

    private async Task Tell(RolloutRecord? old, RolloutRecord next)
    {
        foreach (var happened in RolloutEvents.Between(old, next, time.GetUtcNow()))
            await log.AppendAsync(happened, CancellationToken.None);
    }

    private async Task Store(RolloutRecord next)
    {
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
    }

    private void Schedule(bool soon = false)
    {
        ticks ??= this.RegisterGrainTimer(_ => Reconcile(), new GrainTimerCreationOptions { DueTime = SignalDelay, Period = LookInterval, KeepAlive = true });
        if (soon)
            (signal ??= new(this, SignalDelay, Reconcile)).Raise();
    }
}
