using Cozy.Fleet.Domain.Events;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Domain.Nodes;

/// <summary>What the lifecycle needs to know of the machine's rack, and the time.</summary>
public sealed record NodeContext(string DiscoveryImage, EquatableArray<AcceptanceRule> Rules, DateTimeOffset Now);

/// <summary>A new record, and what happened on the way. Whoever stores it compares the boot intents and tells the cluster.</summary>
public sealed record NodeChange(NodeRecord Record, EquatableArray<FleetEvent> Events);
