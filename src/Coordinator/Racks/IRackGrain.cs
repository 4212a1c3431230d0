using Cozy.Fleet.Coordinator.Queries;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Racks;

/// <summary>One rack: its agent's session, the sequence of its reports, and what its machines are told at boot.</summary>
public interface IRackGrain : IGrainWithStringKey
{
    /// <summary>The record, or null when the rack does not exist.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<RackRecord?> Get();

    Task<Answer<RackRecord>> Create(RackSpec spec, ResourceMetadata metadata, bool validateOnly);

    /// <summary>Replaces spec, labels and annotations.</summary>
    Task<Answer<RackRecord>> Update(RackSpec spec, ResourceMetadata metadata, string etag, bool validateOnly);

    /// <summary>Refused while a node of the rack belongs to a cluster.</summary>
    Task<Answer<RackRecord>> Delete(string etag);

    /// <summary>Images changed: the agent gets a new desired state when it differs.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task ImagesChanged();

    /// <summary>What the agent said last; null while none is connected. Never stored.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<AgentLiveness?> Liveness();

    /// <summary>
    /// An agent's session begins; an older one of the rack ends. Refused when the rack does not exist.
    /// </summary>
    Task<Answer<SessionStart>> Connect(AgentHello hello, IAgentSession session);

    /// <summary>
    /// Reports in their order. Each is taken once: numbers up to the acknowledged one are skipped.
    /// </summary>
    /// <returns>The last number that is stored; null when the session is not the present one.</returns>
    Task<ulong?> Report(string sessionId, AgentReport[] reports);

    /// <summary>False when the session is not the present one.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<bool> Heartbeat(string sessionId, AgentLiveness liveness);

    [Orleans.Concurrency.AlwaysInterleave]
    Task Disconnect(string sessionId);

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

    /// <summary>Asks the agent; the answer goes to the sink. False when no agent is connected.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task<bool> Ask(AgentQuery query, OrderCredentials credentials, IQuerySink sink);

    /// <summary>The agent may send more pieces of an answer.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task AllowQuery(string queryId, int pieces);

    /// <summary>Nobody waits for the answer any more; nothing happens when the query is over.</summary>
    [Orleans.Concurrency.AlwaysInterleave]
    Task CancelQuery(string queryId);
}

/// <summary>Short-lived credentials that travel beside an order and are stored nowhere. PEM; empty when not needed.</summary>
public sealed record OrderCredentials(TalosCredential? Talos, KubernetesCredential? Kubernetes)
{
    /// <summary>Where power is switched or asked for.</summary>
    public BmcCredential? Bmc { get; init; }
}

/// <summary>A BMC, and its password in clear: made for one order or question.</summary>
public sealed record BmcCredential(Bmc Bmc, string Password)
{
    /// <summary>Hides the password from log lines.</summary>
    public override string ToString() => nameof(BmcCredential);
}

public sealed record TalosCredential(string Ca, string Certificate, string Key);

public sealed record KubernetesCredential(string[] Endpoints, string Ca, string Certificate, string Key);

/// <summary>Which nodes of a cluster an agent looks at, until when, and with which reader's credentials.</summary>
public sealed record ObservationLease(
    string Cluster, ObservationTarget[] Targets, OrderCredentials Credentials, DateTimeOffset ExpireTime);

/// <param name="Addresses">Where else it may be found.</param>
public sealed record ObservationTarget(string Node, string Address, string Hostname, Role Role, EquatableArray<string> Addresses);

/// <summary>How an agent introduces itself, with what its certificate says.</summary>
public sealed record AgentHello(
    string SessionId, string AgentVersion, string JournalId, string BootUrl, string CertificateSerial,
    DateTimeOffset CertificateExpireTime)
{
    /// <summary>Where nodes push their events to, HOST:PORT; empty for nowhere.</summary>
    public string EventSink { get; init; } = "";

    /// <summary>Where nodes send their kernels' logs to, tcp://HOST:PORT; empty for nowhere.</summary>
    public string KernelLog { get; init; } = "";
}

/// <param name="AcknowledgedSequence">The last report of this journal that is stored.</param>
public sealed record SessionStart(ulong AcknowledgedSequence);

/// <summary>One report of the agent's journal; exactly one of the last three is set.</summary>
public sealed record AgentReport(
    ulong Sequence, BootReport? Boot, ReportedNode? Node, OrderResult? Result);

/// <summary>An observation, and the node's name where the coordinator had named the target.</summary>
public sealed record ReportedNode(string Node, NodeObservation Observation);

/// <summary>The agent's present state, from its heartbeat.</summary>
public sealed record AgentLiveness(
    DateTimeOffset Time, int Leases, EquatableArray<RefusalCount> Refused, EquatableArray<CachedAsset> Assets)
{
    public EquatableArray<BuildProgress> Builds { get; init; }

    /// <summary>It looks for other DHCP servers.</summary>
    public bool GuardsDhcp { get; init; }

    public EquatableArray<OtherDhcpServer> OtherDhcpServers { get; init; }
}

/// <summary>A DHCP server or boot service that machines may listen to instead of the agent.</summary>
/// <param name="Complaint">What it does and what to do about it.</param>
/// <param name="Since">When it was heard first.</param>
public sealed record OtherDhcpServer(string Address, string Mac, string Complaint, DateTimeOffset Since)
{
    /// <summary>For an event and a condition.</summary>
    public string Sentence => $"another DHCP server, {Address} ({Mac}), is on the machines' network: {Complaint}";
}

public enum BuildState
{
    Running,
    Done,
    Failed,
}

/// <summary>How far a build is; the files have no URLs.</summary>
public sealed record BuildProgress(
    string Id, BuildState State, string Message, EquatableArray<string> Log, EquatableArray<BuiltFile> Files);

public sealed record RefusalCount(string Reason, ulong Count);

/// <param name="Url">Set while the asset has no checksum: its digest is what the file turned out to have.</param>
public sealed record CachedAsset(string Sha256, bool Ready, string Message, string Url = "", long FetchedBytes = 0, long TotalBytes = 0);

/// <summary>The stream to one agent, called by the rack grain. Messages arrive in the order of the calls.</summary>
public interface IAgentSession : IGrainObserver
{
    [Orleans.Concurrency.OneWay]
    Task SetDesiredState(AgentDesiredState state);

    [Orleans.Concurrency.OneWay]
    Task Observe(ObservationLease lease);

    [Orleans.Concurrency.OneWay]
    Task Carry(AgentOrder order, OrderCredentials credentials);

    [Orleans.Concurrency.OneWay]
    Task Ask(AgentQuery query, OrderCredentials credentials, IQuerySink sink);

    [Orleans.Concurrency.OneWay]
    Task AllowQuery(string queryId, int pieces);

    [Orleans.Concurrency.OneWay]
    Task CancelQuery(string queryId);

    /// <summary>Another session of the rack took over, or the rack was deleted.</summary>
    [Orleans.Concurrency.OneWay]
    Task End(string reason);
}

/// <summary>Everything that an agent needs to boot its machines alone.</summary>
public sealed record AgentDesiredState(
    ulong Revision, EquatableArray<ImageRecord> Images, EquatableArray<NodeBoot> Nodes, string DiscoveryImage)
{
    /// <summary>The images that this agent builds.</summary>
    public EquatableArray<ImageRecord> Builds { get; init; }

    /// <summary>How long a menu is shown at the machines' consoles; zero: there is none.</summary>
    public TimeSpan BootMenuTimeout { get; init; }
}
