using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Clusters;

/// <summary>What a cluster looks at before each decision.</summary>
/// <param name="Nodes">Its members, and while members are missing every machine without a cluster.</param>
public sealed record ClusterFacts(EquatableArray<NodeRecord> Nodes, DateTimeOffset Now)
{
    public NodeRecord? Node(string name) => Nodes.FirstOrDefault(n => n.Metadata.Name == name);
}
