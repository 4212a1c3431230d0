using Cozy.Fleet.Coordinator.Racks;
using Cozy.Fleet.Domain;
using Cozy.Fleet.Domain.Images;
using Cozy.Fleet.Domain.Racks;
using Cozy.Fleet.Primitives;
using Google.Protobuf.WellKnownTypes;
using V1 = Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Coordinator.Api.Mapping;

internal static class RackMap
{
    public static V1.Rack ToProto(
        this RackRecord rack, string etag, AgentLiveness? agent, IEnumerable<ImageRecord> images) => new()
        {
            Metadata = rack.Metadata.ToProto(etag),
            Spec = rack.Spec.ToProto(),
            Status = Status(rack, agent, images),
        };

    public static V1.RackSpec ToProto(this RackSpec spec)
    {
        var proto = new V1.RackSpec { DiscoveryImage = spec.DiscoveryImage };
        proto.AcceptanceRules.Add(spec.AcceptanceRules.Select(r => new V1.AcceptanceRule { Name = r.Name, Filter = r.Filter }));
        proto.FailureDomain.Add(spec.FailureDomain);
        if (spec.BootMenuTimeout > TimeSpan.Zero)
            proto.BootMenuTimeout = spec.BootMenuTimeout.ToDuration();
        return proto;
    }

    public static RackSpec ToRecord(this V1.RackSpec? spec) => spec is null ? new() : new()
    {
        DiscoveryImage = spec.DiscoveryImage,
        AcceptanceRules = spec.AcceptanceRules.Select(r => new AcceptanceRule(r.Name, r.Filter)).ToEquatableArray(),
        FailureDomain = spec.FailureDomain.ToSorted(),
        BootMenuTimeout = spec.BootMenuTimeout?.ToTimeSpan() ?? TimeSpan.Zero,
    };

    private static V1.RackStatus Status(RackRecord rack, AgentLiveness? agent, IEnumerable<ImageRecord> images)
    {
        // Every node tells its rack what it boots, once it has been seen there: the rack knows its machines by that.
        var status = new V1.RackStatus { Agent = Agent(rack, agent), NodeCount = rack.Boots.Count };
        if (agent is null)
            status.Waiting = NoAgent(rack);
        else
            status.Images.Add(ImageCache.Images(agent, images));
        status.Conditions.Add(OnlyDhcpServer(rack, agent).ToProto());
        return status;
    }

    private static Condition OnlyDhcpServer(RackRecord rack, AgentLiveness? agent)
    {
        const string Type = "OnlyDhcpServer";
        if (agent is not { GuardsDhcp: true })
        {
            var why = agent is null ? "no agent of this rack is connected" : "the agent does not look for other DHCP servers (dhcp.guard)";
            return new(Type, null, "NotLooked", why, rack.SessionTime);
        }
        return agent.OtherDhcpServers.Count == 0
            ? new(Type, true, "NoneHeard", "no DHCP server that hinders the agent was heard on the machines' network", rack.SessionTime)
            : new(Type, false, "OtherDhcpServer",
                string.Join("; ", agent.OtherDhcpServers.Select(s => s.Sentence)), agent.OtherDhcpServers.Min(s => s.Since));
    }

    private static V1.AgentStatus Agent(RackRecord rack, AgentLiveness? agent)
    {
        var status = new V1.AgentStatus
        {
            Connected = agent is not null,
            Version = rack.AgentVersion,
            LastSeenTime = agent?.Time.ToProto(),
            BootUrl = rack.BootUrl,
            EventSink = rack.EventSink,
            KernelLog = rack.KernelLog,
            CertificateSerial = rack.CertificateSerial,
            CertificateExpireTime = rack.CertificateExpireTime.ToProto(),
            Leases = agent?.Leases ?? 0,
        };
        foreach (var refused in agent?.Refused ?? [])
            status.Refused[refused.Reason] = refused.Count;
        return status;
    }

    private static V1.Waiting NoAgent(RackRecord rack) => new()
    {
        WaitsFor = "an agent of this rack is connected",
        Observed = rack.AgentVersion == "" ? "none has connected yet" : "none is connected",
        UnblockedBy = rack.AgentVersion == ""
            ? $"create a token for rack {rack.Metadata.Name} and start an agent with it"
            : "look at the agent's log on the rack's boot host",
    };
}
