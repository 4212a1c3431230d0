using System.Net;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Kubernetes;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Talos;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Observe;

/// <summary>One look at one node, as a report.</summary>
internal sealed class NodeProbe(AgentConfig config, TimeProvider clock)
{
    /// <param name="lease">The credentials; null in maintenance mode.</param>
    public TalosConnection Connect(Observation? lease, IPAddress address) => lease is null
        ? TalosConnection.Maintenance(address, config.TalosPort)
        : TalosConnection.Secure(address, config.TalosPort, new(lease.Talos.Ca, lease.Talos.Certificate, lease.Talos.Key));

    /// <summary>A member of a cluster, with the reader's credentials of an observation lease.</summary>
    public async Task<NodeObserved> MemberAsync(
        Observation lease, ObservationTarget target, IPAddress address, CancellationToken cancellation)
    {
        var view = new NodeObserved { Address = address.ToString() };
        using var connection = Connect(lease, address);
        try
        {
            var reader = new TalosReader(connection, cancellation);
            Fill(view, await reader.ViewAsync());
            view.ApiMode = ApiMode.Secure;
            if (target.Role == Role.ControlPlane)
                view.Etcd = await EtcdAsync(reader);
        }
        catch (RpcException failure)
        {
            view.ApiMode = ApiMode.Unreachable;
            view.Error = failure.StatusCode == StatusCode.PermissionDenied
                ? failure.Status.Detail : await connection.ExplainAsync(cancellation);
            if (await NewcomerAsync(address, cancellation) is { } maintenance)
                return maintenance;
        }
        view.Kubernetes = await KubernetesAsync(lease, target, cancellation);
        return view;
    }

    /// <summary>
    /// Whether this member is who answers there. Any other one of its cluster would show a certificate that is as good; where the node's
    /// name is a UUID, that tells, else its cards do.
    /// </summary>
    public async Task<bool> IsAtAsync(Observation lease, ObservationTarget target, IPAddress address, CancellationToken cancellation)
    {
        using var connection = Connect(lease, address);
        try
        {
            var facts = await new TalosReader(connection, cancellation).FactsAsync();
            return string.Equals(facts.Uuid, target.Node, StringComparison.OrdinalIgnoreCase)
                || facts.Links.Any(link => target.Node == $"mac-{link.Mac.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant()}");
        }
        catch (RpcException)
        {
            return false;
        }
    }

    /// <summary>A machine without a cluster; null when nothing answers there in maintenance mode.</summary>
    public async Task<NodeObserved?> NewcomerAsync(IPAddress address, CancellationToken cancellation)
    {
        if (!await Knock.IsHeardAsync(address, config.TalosPort, clock, cancellation))
            return null;
        using var connection = Connect(null, address);
        try
        {
            var reader = new TalosReader(connection, cancellation);
            var now = await reader.ViewAsync();
            // A configured node asks for a certificate and never gets here; this is for what else may listen there.
            if ((MachineStage)now.Stage != MachineStage.Maintenance)
                return null;
            var view = new NodeObserved { Address = address.ToString(), ApiMode = ApiMode.Maintenance };
            Fill(view, now);
            var facts = await reader.FactsAsync();
            (view.Uuid, view.Facts) = (facts.Uuid.ToLowerInvariant(), FactsMessage.Of(facts));
            return view;
        }
        catch (RpcException)
        {
            return null; // Not up yet, or not Talos: there is nothing to tell.
        }
    }

    /// <summary>Who answers at this address, with the facts that a member's views leave out.</summary>
    /// <exception cref="RpcException">It does not answer, or refuses us.</exception>
    public static async Task<NodeObserved> IdentifyAsync(TalosConnection connection, string address, CancellationToken cancellation)
    {
        var reader = new TalosReader(connection, cancellation);
        var view = new NodeObserved { Address = address, ApiMode = ApiMode.Secure };
        Fill(view, await reader.ViewAsync());
        var facts = await reader.FactsAsync();
        (view.Uuid, view.Facts) = (facts.Uuid.ToLowerInvariant(), FactsMessage.Of(facts));
        view.Mac = view.Facts.Links.Count > 0 ? view.Facts.Links[0].Mac : "";
        return view;
    }

    private static void Fill(NodeObserved view, TalosView node)
    {
        (view.Stage, view.Ready) = ((MachineStage)node.Stage, node.Ready);
        view.UnmetConditions.AddRange(node.UnmetConditions.Select(c => new UnmetCondition { Name = c.Name, Reason = c.Reason }));
        (view.TalosVersion, view.SchematicId, view.BootId) = (node.Version, node.SchematicId, node.BootId);
        (view.FallbackPending, view.Installed, view.SystemDisk) = (node.FallbackPending, node.Installed, node.SystemDisk);
    }

    private static async Task<EtcdObserved> EtcdAsync(TalosReader reader)
    {
        try
        {
            var etcd = await reader.EtcdAsync();
            var view = new EtcdObserved
            {
                Reachable = true, MemberId = etcd.MemberId, LeaderId = etcd.LeaderId, RaftIndex = etcd.RaftIndex,
                RaftAppliedIndex = etcd.RaftAppliedIndex, RaftTerm = etcd.RaftTerm, IsLearner = etcd.IsLearner, DbSize = (ulong)etcd.DbSize,
            };
            view.Errors.AddRange(etcd.Errors);
            view.Alarms.AddRange(etcd.Alarms);
            view.Members.AddRange(etcd.Members.Select(m => new EtcdMember { Id = m.Id, Hostname = m.Hostname, IsLearner = m.IsLearner }));
            return view;
        }
        catch (RpcException failure)
        {
            return new() { Error = failure.Status.Detail };
        }
    }

    private async Task<KubernetesObserved?> KubernetesAsync(Observation lease, ObservationTarget target, CancellationToken cancellation)
    {
        if (lease.Kubernetes is null || lease.Kubernetes.Endpoints.Count == 0)
            return null;
        using var kubernetes = new KubernetesClient(lease.Kubernetes);
        try
        {
            return await new NodeMaintenance(kubernetes, target.Hostname, clock, cancellation).ObserveAsync();
        }
        catch (HttpRequestException failure)
        {
            return new() { Error = failure.Message };
        }
    }
}
