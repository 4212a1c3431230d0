using Cozy.Fleet.Coordinator.Configs;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Clusters;

/// <summary>
/// The shell around <see cref="ClusterConvergence"/>: stores what it decides, then makes it true. Everything it does follows from the
/// record and may be done twice, so that it is simply done again after a crash.
/// </summary>
internal sealed class ClusterGrain(
    [PersistentState(RecordKind.Clusters, "fleet")] IPersistentState<ClusterRecord> state, IRecordStore store, IEventLog log,
    ClusterSecrets secrets, ConfigOrders configs, TimeProvider time) : Grain, IClusterGrain
{
    // Many signals at once become one look.
    private static readonly TimeSpan SignalDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan OrderRepeat = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, DateTimeOffset> sent = [];
    private readonly ObservationLeases observation = new();
    private GrainSignal? signal;
    private Task<string>? generating;

    private string Name => this.GetPrimaryKeyString();

    public Task<ClusterRecord?> Get() => Task.FromResult(state.RecordExists ? state.State : null);

    public async Task<Answer<ClusterRecord>> Create(ClusterSpec spec, ResourceMetadata metadata, bool validateOnly)
    {
        if (state.RecordExists)
            return new Refusal(RefusalKind.AlreadyExists, $"cluster {Name} exists already.", "metadata.name");
        var image = await Image(spec.Image);
        if (ClusterSpecCheck.Problem(spec, image, null) is { } refused)
            return refused;
        var record = new ClusterRecord(metadata) { Spec = spec, Image = spec.Image };
        if (validateOnly)
            return record;
        await Store(record);
        await Tell(EventSeverity.Normal, "Created", $"cluster {Name} with image {spec.Image}");
        Signal();
        return state.State;
    }

    public async Task<Answer<ClusterRecord>> Import(ClusterRecord found)
    {
        if (state.RecordExists)
            return new Refusal(RefusalKind.AlreadyExists, $"cluster {Name} exists already.", "cluster.metadata.name");
        await Store(found);
        await Tell(EventSeverity.Normal, "Imported",
            $"cluster {Name} with {found.Members.Count} members was taken over as it runs; nothing was written to them");
        Signal();
        return state.State;
    }

    public async Task<Answer<ClusterRecord>> Update(ClusterSpec spec, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        if (Refuse(etag) is { } refused)
            return refused;
        var old = state.State;
        if (ClusterSpecCheck.Problem(spec, await Image(spec.Image), old) is { } problem)
            return problem;
        var next = old.Updated(spec, metadata, time.GetUtcNow());
        if (!validateOnly)
            await Store(next);
        Signal();
        return next;
    }

    public async Task<Answer<ClusterRecord>> Delete(string etag)
    {
        if (Refuse(etag) is { } refused)
            return refused;
        var gone = state.State;
        if (gone.Lease is { } lease)
            return Failed($"{lease.Holder} ({lease.Purpose}) works on cluster {Name}; finish or abort it first.");
        foreach (var member in gone.Members)
            await GrainFactory.GetGrain<INodeGrain>(member.Node).Release(Name);
        await state.ClearStateAsync();
        await Tell(EventSeverity.Normal, "Deleted", $"cluster {Name} is forgotten; nothing was written to its {gone.Members.Count} members");
        DeactivateOnIdle();
        return gone;
    }

    public async Task Reconcile()
    {
        if (!state.RecordExists || !await HasSecrets())
            return;
        var facts = await Facts();
        var old = state.State;
        var next = ClusterConvergence.Advance(old, facts);
        if (next != old)
            await Store(next);
        if (next.Phase != old.Phase)
            await Tell(next.Phase == ClusterPhase.Degraded ? EventSeverity.Warning : EventSeverity.Normal, next.Phase.ToString(), PhaseSentence(next));
        await Place(facts);
        await SendOrders(facts);
        await observation.Renew(next, facts, secrets, GrainFactory);
        await GrainFactory.TellHolderAsync(next.Lease);
    }

    public Task Changed()
    {
        Signal();
        return Task.CompletedTask;
    }

    public async Task OrderFinished(OrderResult result)
    {
        if (!state.RecordExists || ClusterConvergence.OrderOf(state.State, result) is not { } order)
            return;
        // Before the order is forgotten: whoever is killed in between gets the same result again.
        if (order.Action is OrderAction.ApplyConfiguration && result.Outcome == OrderOutcome.Succeeded)
            await GrainFactory.GetGrain<INodeGrain>(order.Node).Configured(Name);
        if (result.Outcome != OrderOutcome.Succeeded)
            await Tell(EventSeverity.Warning, "OrderFailed", $"{order.Hostname}: {result.Message}");
        await Store(ClusterConvergence.Finished(state.State, result, time.GetUtcNow()));
        sent.Remove(result.OperationId);
        Signal();
    }

    public async Task<Answer<ExclusionLease>> AcquireLease(string holder, string purpose)
    {
        if (Refuse("") is { } refused)
            return refused;
        if (!ExclusionLeases.Acquire(state.State, holder, purpose, time.GetUtcNow()).Accepted(out var next, out var refusal))
            return refusal;
        if (next != state.State)
            await Store(next);
        return next.Lease!;
    }

    public async Task ReleaseLease(string holder)
    {
        if (state.RecordExists && ExclusionLeases.Release(state.State, holder) is var next && next != state.State)
            await Store(next);
    }

    public async Task RemoveMember(string node, string holder, bool isWiped)
    {
        if (!state.RecordExists || state.State.Lease?.Holder != holder)
            return;
        if (MemberChoice.Without(state.State, node) is var next && next != state.State)
        {
            await Store(next with { Metadata = next.Metadata with { UpdateTime = time.GetUtcNow() } });
            var why = isWiped ? "was wiped" : "is dead";
            await Tell(EventSeverity.Normal, "MemberRemoved", $"node {node} {why} and is no member any more");
        }
        // Whoever was killed before this comes here again: the lease is given back after it.
        var left = GrainFactory.GetGrain<INodeGrain>(node);
        await (isWiped ? left.Wiped(Name) : left.ReleaseDead(Name));
        Signal();
    }

    public async Task<SendOutcome> Send(AgentOrder order)
    {
        var facts = await Facts();
        return facts.Node(order.Node) is { } node ? await Send(order, node, facts) : new(false);
    }

    public Task<bool> Ask(AgentQuery query, string rack, IQuerySink sink)
    {
        var credentials = state.RecordExists && state.State.SealedSecrets != "" ? secrets.For(state.State, query) : new(null, null);
        return GrainFactory.GetGrain<IRackGrain>(rack).Ask(query, credentials, sink);
    }

    public async Task SetImage(string image)
    {
        if (state.RecordExists && state.State.Image != image)
            await Store(state.State with { Image = image, Spec = state.State.Spec with { Image = image } });
        Signal();
    }

    // An RSA key of 4096 bits takes seconds, on a busy machine half a minute: nobody waits for it in a call. A crash in between makes new
    // ones, because nothing was given out yet.
    private async Task<bool> HasSecrets()
    {
        if (state.State.SealedSecrets != "")
            return true;
        if (await Image(state.State.Image) is not { } image)
            return false;
        if (generating is null)
        {
            generating = Task.Run(() => secrets.Create(Name, image.Spec.TalosVersion));
            // Back on the grain's own scheduler, as everything that touches it.
            _ = generating.ContinueWith(_ => Signal(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
        }
        if (!generating.IsCompleted)
            return false;
        await Store(state.State with { SealedSecrets = await generating, Contract = image.Spec.TalosVersion });
        generating = null;
        return true;
    }

    // A chosen member gets its place; a node whose config took effect although its answer was lost has its installation opened.
    private async Task Place(ClusterFacts facts)
    {
        if (state.State.Spec.Management == Management.Observed)
            return;
        foreach (var member in state.State.Members)
        {
            if (facts.Node(member.Node) is not { } node)
                continue;
            var place = new Allocation(Name, member.Role, member.Hostname, state.State.Image);
            if (node.Allocation?.Cluster != Name || (!node.InstallOpened && node.Allocation != place))
                await GrainFactory.GetGrain<INodeGrain>(member.Node).Allocate(place);
            else if (node is { Observed.ApiMode: ApiMode.Secure, InstallOpened: false })
                await GrainFactory.GetGrain<INodeGrain>(member.Node).Configured(Name);
        }
    }

    private async Task SendOrders(ClusterFacts facts)
    {
        var now = time.GetUtcNow();
        foreach (var order in state.State.OpenOrders)
        {
            if (sent.TryGetValue(order.OperationId, out var last) && now - last < OrderRepeat)
                continue;
            if (facts.Node(order.Node) is not { } node)
                continue;
            var outcome = await Send(order, node, facts);
            if (outcome.Sent)
                sent[order.OperationId] = now;
            // It is tried again, with what the patches say then.
            else if (outcome.Refusal is { } refusal)
                await OrderFinished(new(order.OperationId, order.Owner, OrderOutcome.Failed, FailureClass.Environment, refusal.Message, 0, now));
        }
    }

    private async Task<SendOutcome> Send(AgentOrder order, NodeRecord node, ClusterFacts facts)
    {
        if (order.Deadline <= time.GetUtcNow())
            return new(false);
        if (!(await configs.CompleteAsync(state.State, order.Action, node)).Accepted(out var action, out var refusal))
            return new(false, refusal);
        var members = facts.Nodes.Where(n => n.Allocation?.Cluster == Name);
        return new(await GrainFactory.GetGrain<IRackGrain>(node.Rack)
            .Send(order with { Action = action }, secrets.For(state.State, order, members)));
    }

    private Task<ClusterFacts> Facts() => store.FactsOfAsync(state.State, time.GetUtcNow());

    private ValueTask<ImageRecord?> Image(string name) => store.ReadAsync<ImageRecord>(RecordKind.Images, name, CancellationToken.None);

    private static Refusal Failed(string message) => new(RefusalKind.FailedPrecondition, message);

    private Refusal? Refuse(string etag) => !state.RecordExists
        ? new(RefusalKind.NotFound, $"there is no cluster {Name}.")
        : etag != "" && etag != state.Etag
        ? new(RefusalKind.Aborted, "the cluster was changed in between; read it again.", "metadata.etag")
        : null;

    private static string PhaseSentence(ClusterRecord cluster) =>
        cluster.Waiting.Count == 0 ? $"all {cluster.Members.Count} members are Running" : string.Join("; ", cluster.Waiting.Take(3).Select(w => $"{w.WaitsFor} ({w.Observed})"));

    private Task Tell(EventSeverity severity, string reason, string message) =>
        log.AppendAsync(new(time.GetUtcNow(), severity, $"{RecordKind.Clusters}/{Name}", reason, message), CancellationToken.None);

    private async Task Store(ClusterRecord next)
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

    private void Signal() => (signal ??= new(this, SignalDelay, Reconcile)).Raise();
}
