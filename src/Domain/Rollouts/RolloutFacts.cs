using Cozy.Fleet.Domain.Clusters;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Rollouts;

/// <summary>What a rollout looks at before each decision: its cluster's lease and members as they are known now.</summary>
public sealed record RolloutFacts(ExclusionLease? Lease, EquatableArray<NodeRecord> Members, DateTimeOffset Now)
{
    /// <summary>A look that is older is no proof (design 3.5). Agents repeat an unchanged view every ten seconds.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(35);

    public NodeRecord? Member(string node) => Members.FirstOrDefault(n => n.Metadata.Name == node);
}
