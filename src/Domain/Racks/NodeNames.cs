using Cozy.Fleet.Domain.Agents;

namespace Cozy.Fleet.Domain.Racks;

/// <summary>Which node a report is about. A machine with several links, or whose firmware sends no UUID, is one node.</summary>
public static class NodeNames
{
    public static string Of(RackRecord rack, BootReport report)
    {
        ArgumentNullException.ThrowIfNull(rack);
        ArgumentNullException.ThrowIfNull(report);
        return Of(rack, report.Mac, report.Uuid);
    }

    public static string Of(RackRecord rack, NodeObservation seen)
    {
        ArgumentNullException.ThrowIfNull(rack);
        ArgumentNullException.ThrowIfNull(seen);
        return Of(rack, seen.Mac, seen.Uuid);
    }

    /// <summary>Remembers whose MAC address it is. A link that moved to another machine keeps its owner: the agent holds such a boot.</summary>
    public static RackRecord Remember(RackRecord rack, string mac, string node)
    {
        ArgumentNullException.ThrowIfNull(rack);
        return mac == "" || rack.NodesByMac.ContainsKey(mac) ? rack : rack with { NodesByMac = rack.NodesByMac.Add(mac, node) };
    }

    private static string Of(RackRecord rack, string mac, string uuid)
    {
        var owner = rack.NodesByMac.GetValueOrDefault(mac, "");
        // A node that got its name from a MAC address keeps it when its UUID shows up later.
        if (owner != "" && (uuid == "" || IsByMac(owner)))
            return owner;
        return uuid != "" ? uuid : "mac-" + mac.Replace(":", "", StringComparison.Ordinal);
    }

    private static bool IsByMac(string name) => name.StartsWith("mac-", StringComparison.Ordinal);
}
