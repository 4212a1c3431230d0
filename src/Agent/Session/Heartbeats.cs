using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Agent.Images;
using Cozy.Fleet.Contracts.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Agent.Session;

/// <summary>What the agent says of itself every few seconds.</summary>
internal sealed class Heartbeats(
    DhcpService dhcp, Dhcp6Service dhcp6, ForeignServers guard, AssetCache assets, ImageBuilds builds,
    RefusalCounters refused, TimeProvider clock)
{
    public Heartbeat Next()
    {
        var heartbeat = new Heartbeat { Time = clock.GetUtcNow().ToTimestamp(), Leases = dhcp.LeaseCount + dhcp6.LeaseCount };
        heartbeat.Refused.Add(refused.Snapshot().ToDictionary());
        heartbeat.Assets.AddRange(assets.States);
        heartbeat.Builds.AddRange(builds.States);
        heartbeat.GuardsDhcp = guard.IsOn;
        heartbeat.OtherDhcpServers.AddRange(guard.Present.Select(Other));
        return heartbeat;
    }

    private static OtherDhcpServer Other(ForeignServer server) => new()
    {
        Address = server.Address.ToString(), Mac = server.Card.ToString(), Complaint = server.Complaint,
        FirstSeenTime = server.Since.ToTimestamp(),
    };
}
