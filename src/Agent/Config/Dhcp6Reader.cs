using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads the key <c>dhcp6</c>.</summary>
internal static class Dhcp6Reader
{
    private const string Example = "such as fd00:77::/64 (its host bits must be 0)";

    /// <param name="link">The interface to the machines; empty without one.</param>
    /// <returns>Null when the key is not there, or something is wrong with it.</returns>
    public static Dhcp6Config? Read(ConfigNode dhcp6, string link)
    {
        if (!dhcp6.IsPresent)
            return null;
        var address = AddressOf(dhcp6, link);
        var serverAddress = address is null ? 0 : Ipv6.ToNumber(address);
        var subnets = dhcp6.Maps("subnets").Select(s => Subnet(s, serverAddress)).OfType<Dhcp6Subnet>().ToArray();
        if (!dhcp6.HasItems("subnets"))
            dhcp6.Refuse("subnets", "give at least one");
        var config = new Dhcp6Config(address ?? IPAddress.IPv6None, dhcp6.Number("port", 547, 0, 65535), subnets)
        {
            Reservations = [.. dhcp6.Maps("reservations").Select(r => ReservationReader.Read(r, DhcpWords.V6))
                .OfType<Reservation<UInt128>>()],
            Options = OptionReader.Policy(dhcp6, DhcpWords.V6),
            Advertises = dhcp6.Flag("advertise", link != "") && link != "",
            Autonomous = dhcp6.Flag("autonomous", false),
        };
        SubnetRules.Check(dhcp6, config);
        dhcp6.EndOfKeys();
        return address is null ? null : config;
    }

    // Given, or the interface's first one that is not link-local: a URL cannot say which link that would be.
    private static IPAddress? AddressOf(ConfigNode dhcp6, string link)
    {
        var text = dhcp6.Text("address");
        if (text != "")
        {
            if (Parse(text) is { IsIPv6LinkLocal: false, IsIPv6Multicast: false } given)
                return given;
            dhcp6.Refuse("address", $"'{text}' is not an IPv6 address that machines can reach; link-local ones do not do");
            return null;
        }
        var found = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(i => i.Name == link)?.GetIPProperties().UnicastAddresses
            .Select(a => a.Address).FirstOrDefault(a => a is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false });
        if (found is null)
            dhcp6.Refuse("address", link == "" ? "is missing; there is no interface to take it from"
                : $"interface {link} has no IPv6 address but a link-local one; give one");
        return found;
    }

    private static Dhcp6Subnet? Subnet(ConfigNode subnet, UInt128 serverAddress)
    {
        var text = subnet.Required("network");
        var good = IPNetwork.TryParse(text, out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6
            && Parse(text.Split('/')[0]) is { } written && written.Equals(network.BaseAddress);
        if (!good && text != "")
            subnet.Refuse("network", $"'{text}' is not a network {Example}");
        var whole = new Dhcp6Subnet(good ? Ipv6.ToNumber(network.BaseAddress) : 0, good ? network.PrefixLength : 128, [],
            subnet.Duration("leaseTime", TimeSpan.FromHours(1)));
        var ranges = subnet.List("ranges", range => good ? Range(range, whole) : (default, null));
        if (!subnet.HasItems("ranges"))
            subnet.Refuse("ranges", "give at least one range such as fd00:77::100-fd00:77::1ff");
        var options = Option6Reader.Read(subnet);
        subnet.EndOfKeys();
        return good ? whole with { Ranges = ranges, ServerAddress = serverAddress, Options = options } : null;
    }

    private static ((UInt128, UInt128), string?) Range(string text, Dhcp6Subnet subnet)
    {
        var parts = text.Split('-', StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || Parse(parts[0]) is not { } first || Parse(parts[1]) is not { } last
            || Ipv6.ToNumber(first) > Ipv6.ToNumber(last))
            return (default, "is not a range such as fd00:77::100-fd00:77::1ff");
        return subnet.Contains(Ipv6.ToNumber(first)) && subnet.Contains(Ipv6.ToNumber(last))
            ? ((Ipv6.ToNumber(first), Ipv6.ToNumber(last)), null) : (default, "is not inside its network");
    }

    private static IPAddress? Parse(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? address : null;
}
