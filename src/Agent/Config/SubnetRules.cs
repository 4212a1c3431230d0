using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;

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
        CheckSubnets(dhcp, config.Subnets, (one, other) => one.Network.Contains(other.Network.Network),
            subnet => $"{Text(subnet.Network.Network)}/{subnet.Network.PrefixLength}");
        CheckReservations(dhcp, config.Reservations, address => config.Subnets.Any(s => s.Network.Contains(address)), Text);
    }

    public static void Check(ConfigNode dhcp6, Dhcp6Config config)
    {
        CheckSubnets(dhcp6, config.Subnets, (one, other) => one.Contains(other.Prefix),
            subnet => $"{Text(subnet.Prefix)}/{subnet.PrefixLength}");
        CheckReservations(dhcp6, config.Reservations, address => config.Subnets.Any(s => s.Contains(address)), Text);
    }

    private static void CheckSubnets<T>(ConfigNode node, IReadOnlyList<T> subnets, Func<T, T, bool> contains, Func<T, string> text)
    {
        foreach (var (one, other) in subnets.SelectMany((one, i) => subnets.Skip(i + 1).Select(other => (one, other))))
        {
            if (contains(one, other) || contains(other, one))
                node.Refuse("subnets", $"{text(one)} and {text(other)} overlap");
        }
    }

    private static void CheckReservations<TAddress>(
        ConfigNode node, IReadOnlyList<Reservation<TAddress>> reservations, Func<TAddress, bool> isInSubnet, Func<TAddress, string> text)
    {
        foreach (var reservation in reservations.Where(r => !isInSubnet(r.Address)))
            node.Refuse("reservations", $"{text(reservation.Address)} of {reservation.Owner} is in none of the subnets");
        foreach (var twice in reservations.GroupBy(r => r.Address).Where(g => g.Select(r => r.Owner).Distinct().Count() > 1))
            node.Refuse("reservations", $"{text(twice.Key)} is reserved for {string.Join(" and ", twice.Select(r => r.Owner))}");
    }

    private static string Text(uint address) => Ipv4.ToAddress(address).ToString();

    private static string Text(UInt128 address) => Ipv6.ToAddress(address).ToString();
}
