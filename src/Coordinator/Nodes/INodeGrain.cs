using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Coordinator.Nodes;

/// <summary>One machine. The key is its name: the SMBIOS UUID, or <c>mac-aabbccddeeff</c> where there is no real one.</summary>
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>The record, or null when the machine was never seen.</summary>
    Task<NodeRecord?> Get();

    /// <summary>A step of the machine's boot. Creates the record at the first one.</summary>
    Task Boot(string rack, BootReport report);

    /// <summary>What the agent saw when it looked at the node.</summary>
    Task Observe(string rack, NodeObservation observation);

    /// <summary>Accepts or rejects. <paramref name="decidedBy"/> is a person or a rule.</summary>
    Task<Answer<NodeRecord>> Decide(AcceptanceState decision, string decidedBy, string etag);

    /// <summary>Where the machine's BMC is, its password sealed; null forgets it.</summary>
    Task<Answer<NodeRecord>> SetBmc(Bmc? bmc, string decidedBy, string etag);

    /// <summary>Replaces the operator's part: spec without acceptance and BMC, labels, annotations.</summary>
    Task<Answer<NodeRecord>> Update(NodeSpec spec, ResourceMetadata metadata, string etag, bool validateOnly);

    /// <summary>Gives the machine a place in a cluster. Refused unless it is accepted and free, or has this place already.</summary>
    Task<Answer<NodeRecord>> Allocate(Allocation allocation);

    /// <summary>Makes a running machine a member of an imported cluster. Refused when it is rejected or another cluster's.</summary>
    Task<Answer<NodeRecord>> Adopt(string rack, NodeObservation seen, Allocation allocation, string decidedBy);

    /// <summary>The cluster lets the machine go; nothing is written to it.</summary>
    Task Release(string cluster);

    /// <summary>It is dead, and the cluster lets it go: should it come back with its old system, it is held.</summary>
    Task ReleaseDead(string cluster);

    /// <summary>It was wiped, and the cluster lets it go: it may be installed again.</summary>
    Task Wiped(string cluster);

    /// <summary>Lets its next network boot wipe its system disk. Refused for a member, and for a machine that is not accepted.</summary>
    Task<Answer<NodeRecord>> AskWipe(string caller);

    /// <summary>Its config was applied: an install generation is open from here on.</summary>
    Task Configured(string cluster);

    /// <summary>It is given a config that holds these addresses.</summary>
    Task Given(EquatableArray<string> addresses);

    /// <summary>What is being done to the node now, or null; a traceparent makes its next boot part of that work.</summary>
    Task SetOperation(NodeOperation? operation, string traceparent);

    /// <summary>The rack's rules or discovery image changed.</summary>
    Task RackChanged();

    /// <summary>Keeps the node out of further operations until a person clears it; empty clears.</summary>
    Task Quarantine(string reason);
}
