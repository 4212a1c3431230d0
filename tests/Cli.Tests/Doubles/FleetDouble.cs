using Cozy.Fleet.Cli.Kinds;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Tests.Doubles;

/// <summary>A fleet in memory behind the real contract: what the services of the test server share.</summary>
internal sealed class FleetDouble(TimeProvider time)
{
    public TimeProvider Time => time;

    public ResourceStore<Image> Images { get; } = new(KindTable.Image, time);

    public ResourceStore<Rack> Racks { get; } = new(KindTable.Rack, time);

    public ResourceStore<Node> Nodes { get; } = new(KindTable.Node, time);

    public ResourceStore<FleetPatch> FleetPatches { get; } = new(KindTable.FleetPatch, time);

    public ResourceStore<Cluster> Clusters { get; } = new(KindTable.Cluster, time);

    public ResourceStore<Rollout> Rollouts { get; } = new(KindTable.Rollout, time);

    public EventDouble Events { get; } = new();

    /// <summary>What is in etcd.</summary>
    public byte[] Snapshot { get; set; } = [];

    /// <summary>So many bytes are lost at the end of a snapshot.</summary>
    public int SnapshotCut { get; set; }

    /// <summary>The last import that was asked for.</summary>
    public ImportClusterRequest? Import { get; set; }

    /// <summary>The one that was begun last.</summary>
    public Operation? Operation { get; set; }

    /// <summary>How operations end.</summary>
    public OperationState OperationEnd { get; set; } = OperationState.Succeeded;

    /// <summary>The last one that was told.</summary>
    public string BmcPassword { get; set; } = "";

    /// <summary>What every BMC says.</summary>
    public PowerStatus Power { get; set; } = new();

    public List<Token> Tokens { get; } = [];

    public List<DhcpLease> Leases { get; } = [];
}
