using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Config;

/// <summary>What subnets and reservations must be together: each of them may be good, and still no server could be run by them.</summary>
internal static class SubnetRules
{
    public static void Check(ConfigNode dhcp, AgentConfig config)
    {
        if (config.DhcpMode != DhcpMode.Server)
            return;
        if (!dhcp.HasItems("subnets"))
            dhcp.Refuse("subnets", "a DHCP server needs at least one subnet; dhcp.mode: proxy works beside another server");
        foreach (var (one, other) in Pairs(config.Subnets))
        {
            if (one.Network.Contains(other.Network.Network) || other.Network.Contains(one.Network.Network))
                dhcp.Refuse("subnets", $"{Text(one.Network.Network)}/{one.Network.PrefixLength} and {Text(other.Network.Network)}/{other.Network.PrefixLength} overlap");
        }
        foreach (var reservation in config.Reservations.Where(r => !config.Subnets.Any(s => s.Network.Contains(r.Address))))
            dhcp.Refuse("reservations", $"{Text(reservation.Address)} of {reservation.Owner} is in none of the subnets");
        foreach (var twice in config.Reservations.GroupBy(r => r.Address).Where(g => g.Select(r => r.Owner).Distinct().Count() > 1))
            dhcp.Refuse("reservations", $"{Text(twice.Key)} is reserved for {string.Join(" and ", twice.Select(r => r.Owner))}");
    }

    private static IEnumerable<(DhcpSubnet One, DhcpSubnet Other)> Pairs(IReadOnlyList<DhcpSubnet> subnets) =>
        subnets.SelectMany((one, i) => subnets.Skip(i + 1).Select(other => (one, other)));

    private static string Text(uint address) => Ipv4.ToAddress(address).ToString();
}
