using Cozy.Fleet.Coordinator.Api.Reading;
using Cozy.Fleet.Coordinator.Clusters;
using Cozy.Fleet.Coordinator.Events;
using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Nodes;
using Cozy.Fleet.Coordinator.Operations;
using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Coordinator.Rollouts;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Racks;

/// <summary>
/// The shell around a rack: hands reports on in their order and takes each once, and keeps the agent's desired state current. Calls that
/// nodes and clusters make while a report is being handed to them interleave; writes of the record take turns.
/// </summary>
internal sealed class RackGrain(
    [PersistentState(RecordKind.Racks, "fleet")] IPersistentState<RackRecord> state, IRecordStore store, IEventLog log, TimeProvider time)
    : Grain, IRackGrain, IDisposable
{
    // Many machines that are switched on together become one desired state.
    private static readonly TimeSpan PublishDelay = TimeSpan.FromMilliseconds(20);

    private readonly AgentLink link = new();
    private readonly SemaphoreSlim writing = new(1);
    private readonly SemaphoreSlim publishing = new(1);
    private GrainSignal? publish;

    private string Name => this.GetPrimaryKeyString();

    public Task<RackRecord?> Get() => Task.FromResult(state.RecordExists ? state.State : null);

    public Task<AgentLiveness?> Liveness() => Task.FromResult(link.Liveness);

    public async Task<Answer<RackRecord>> Create(RackSpec spec, ResourceMetadata metadata, bool validateOnly)
    {
        if (state.RecordExists)
            return new Refusal(RefusalKind.AlreadyExists, $"rack {Name} exists already.", "metadata.name");
        var record = new RackRecord(metadata) { Spec = spec };
        if (!validateOnly)
            await Store(record);
        return record;
    }

    public async Task<Answer<RackRecord>> Update(RackSpec spec, ResourceMetadata metadata, string etag, bool validateOnly)
    {
        if (Refuse(etag) is { } refused)
            return refused;
        if (validateOnly)
            return Changed(state.State);
        await Change(Changed);
        // Acceptance rules and the discovery image are part of every node's decision.
        foreach (var node in state.State.Boots.Keys)
            await GrainFactory.GetGrain<INodeGrain>(node).RackChanged();
        SchedulePublish();
        return state.State;

        RackRecord Changed(RackRecord old) => old with
        {
            Spec = spec,
            Metadata = old.Metadata.Updated(metadata, old.Spec != spec, time.GetUtcNow()),
        };
    }

    public async Task<Answer<RackRecord>> Delete(string etag)
    {
        if (Refuse(etag) is { } refused)
            return refused;
        foreach (var node in state.State.Boots.Keys)
        {
            if ((await GrainFactory.GetGrain<INodeGrain>(node).Get())?.Allocation is { } place)
            {
                return new Refusal(RefusalKind.FailedPrecondition,
                    $"node {node} of rack {Name} is a member of cluster {place.Cluster}; delete the cluster first.");
            }
        }
        var gone = state.State;
        await link.End($"rack {Name} was deleted");
        await state.ClearStateAsync();
        return gone;
    }

    public Task ImagesChanged()
    {
        SchedulePublish();
        return Task.CompletedTask;
    }

    public async Task<Answer<SessionStart>> Connect(AgentHello hello, IAgentSession session)
    {
        if (!state.RecordExists)
            return new Refusal(RefusalKind.NotFound, $"there is no rack {Name}; it may have been deleted: create a new token for it.");
        await Change(rack => rack with
        {
            AgentVersion = hello.AgentVersion,
            BootUrl = hello.BootUrl,
            EventSink = hello.EventSink,
            KernelLog = hello.KernelLog,
            CertificateSerial = hello.CertificateSerial,
            CertificateExpireTime = hello.CertificateExpireTime,
            SessionTime = time.GetUtcNow(),
            // Another journal counts from 1 again.
            AcknowledgedSequence = rack.JournalId == hello.JournalId ? rack.AcknowledgedSequence : 0,
            JournalId = hello.JournalId,
        });
        await link.Begin(hello.SessionId, session, time.GetUtcNow());
        await Tell("AgentConnected", $"agent {hello.AgentVersion} of rack {Name} connected", EventSeverity.Normal);
        SchedulePublish();
        foreach (var cluster in link.Clusters)
            await GrainFactory.GetGrain<IClusterGrain>(cluster).Changed();
        return new SessionStart(state.State.AcknowledgedSequence);
    }

    public async Task<ulong?> Report(string sessionId, AgentReport[] reports)
    {
        if (link.SessionId != sessionId)
            return null;
        var fresh = reports.Where(r => r.Sequence > state.State.AcknowledgedSequence).ToArray();
        // Reports of one node stay in order; different nodes need not wait for each other.
        await Task.WhenAll(fresh.GroupBy(Recipient).Select(async group =>
        {
            foreach (var report in group)
                await Hand(report, group.Key);
        }));
        await Change(rack => Seen(rack, fresh));
        return state.State.AcknowledgedSequence;
    }

    public async Task<bool> Heartbeat(string sessionId, AgentLiveness liveness)
    {
        if (link.SessionId != sessionId)
            return false;
        var before = link.Liveness?.OtherDhcpServers ?? [];
        link.Liveness = liveness;
        foreach (var server in liveness.OtherDhcpServers.Where(server => !before.Contains(server)))
            await Tell("OtherDhcpServer", server.Sentence, EventSeverity.Warning);
        if (before.Count > 0 && liveness.OtherDhcpServers.Count == 0)
            await Tell("OtherDhcpServerGone", "no other DHCP server is heard on the machines' network any more", EventSeverity.Normal);
        return true;
    }

    public async Task Disconnect(string sessionId)
    {
        if (link.SessionId != sessionId)
            return;
        link.Forget();
        await Change(rack => rack with { SessionTime = time.GetUtcNow() });
        await Tell("AgentDisconnected", $"the agent of rack {Name} is not connected", EventSeverity.Warning);
    }

    public async Task SetBoot(NodeBoot boot)
    {
        if (!state.RecordExists)
            return;
        await Change(rack => rack.Boots.GetValueOrDefault(boot.Node) == boot ? rack : rack with { Boots = rack.Boots.SetItem(boot.Node, boot) });
        SchedulePublish();
    }

    public Task<bool> Send(AgentOrder order, OrderCredentials credentials) => link.Tell(session => session.Carry(order, credentials));

    public Task<bool> Observe(ObservationLease lease) => link.Observe(lease);

    public Task<bool> Ask(AgentQuery query, OrderCredentials credentials, IQuerySink sink) =>
        link.Tell(session => session.Ask(query, credentials, sink));

    public Task AllowQuery(string queryId, int pieces) => link.Tell(session => session.AllowQuery(queryId, pieces));

    public Task CancelQuery(string queryId) => link.Tell(session => session.CancelQuery(queryId));

    public void Dispose()
    {
        writing.Dispose();
        publishing.Dispose();
    }

    private static RackRecord Seen(RackRecord rack, AgentReport[] reports)
    {
        foreach (var report in reports)
        {
            if (report.Boot is { } boot)
                rack = NodeNames.Remember(rack, boot.Mac, NodeNames.Of(rack, boot));
            if (report.Node is { Node: "" } node)
                rack = NodeNames.Remember(rack, node.Observation.Mac, NodeNames.Of(rack, node.Observation));
        }
        return reports.Length == 0 ? rack : rack with { AcknowledgedSequence = reports.Max(r => r.Sequence) };
    }

    private string Recipient(AgentReport report) => report switch
    {
        { Boot: { } boot } => NodeNames.Of(state.State, boot),
        { Node: { Node: not "" } node } => node.Node,
        { Node: { } node } => NodeNames.Of(state.State, node.Observation),
        { Result: { } result } => result.Owner,
        _ => "",
    };

    private Task Hand(AgentReport report, string recipient) => report switch
    {
        { Boot: { } boot } => GrainFactory.GetGrain<INodeGrain>(recipient).Boot(Name, boot),
        { Node: { } node } => GrainFactory.GetGrain<INodeGrain>(recipient).Observe(Name, node.Observation),
        { Result: { } result } when result.Owner.Split('/', 2) is [RecordKind.Clusters, var cluster] =>
            GrainFactory.GetGrain<IClusterGrain>(cluster).OrderFinished(result),
        { Result: { } result } when result.Owner.Split('/', 2) is [RecordKind.Rollouts, var rollout] =>
            GrainFactory.GetGrain<IRolloutGrain>(rollout).OrderFinished(result),
        { Result: { } result } when result.Owner.Split('/', 2) is [RecordKind.Operations, var operation] =>
            GrainFactory.GetGrain<IOperationGrain>(operation).OrderFinished(result),
        _ => Task.CompletedTask, // A newer agent may report what we do not know.
    };

    private Refusal? Refuse(string etag) => !state.RecordExists
        ? new(RefusalKind.NotFound, $"there is no rack {Name}.")
        : etag != "" && etag != state.Etag
        ? new(RefusalKind.Aborted, "the rack was changed in between; read it again.", "metadata.etag")
        : null;

    private Task Tell(string reason, string message, EventSeverity severity) =>
        log.AppendAsync(new(time.GetUtcNow(), severity, $"racks/{Name}", reason, message), CancellationToken.None);

    private async Task Change(Func<RackRecord, RackRecord> change)
    {
        await writing.WaitAsync();
        try
        {
            var next = change(state.State);
            if (next != state.State)
                await Store(next);
        }
        finally
        {
            writing.Release();
        }
    }

    private async Task Store(RackRecord next)
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

    private void SchedulePublish() => (publish ??= new(this, PublishDelay, Publish, interleave: true)).Raise();

    private async Task Publish()
    {
        await publishing.WaitAsync();
        try
        {
            if (!link.IsConnected || !state.RecordExists)
                return;
            var wanted = await Wanted();
            if (link.Published is { } last && wanted with { Revision = last.Revision } == last)
                return;
            await Change(rack => rack with { DesiredStateRevision = rack.DesiredStateRevision + 1 });
            await link.Publish(wanted with { Revision = state.State.DesiredStateRevision });
        }
        finally
        {
            publishing.Release();
        }
    }

    // Only what machines of this rack may have to boot is fetched into its cache.
    private async Task<AgentDesiredState> Wanted()
    {
        var rack = state.State;
        var names = rack.Boots.Values.Select(b => b.Intent.Image).Append(rack.Spec.DiscoveryImage).Where(n => n != "").Distinct().Order(StringComparer.Ordinal);
        var images = new List<ImageRecord>();
        foreach (var name in names)
        {
            if (await store.ReadAsync<ImageRecord>(RecordKind.Images, name, CancellationToken.None) is { } image)
                images.Add(image);
        }
        var built = (await store.ReadAllAsync<ImageRecord>(RecordKind.Images, CancellationToken.None)).Where(i => i.Spec.Imager?.Rack == Name);
        return new(0, images.ToEquatableArray(), rack.Boots.Values.ToEquatableArray(), rack.Spec.DiscoveryImage)
        {
            Builds = built.ToEquatableArray(),
            BootMenuTimeout = rack.Spec.BootMenuTimeout,
        };
    }
}
