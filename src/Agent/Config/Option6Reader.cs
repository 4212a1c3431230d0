using System.Net;
using System.Net.Sockets;
using Cozy.Fleet.Dhcp;
using Cozy.Fleet.Dhcp.V6;

namespace Cozy.Fleet.Agent.Config;

/// <summary>Reads the options of DHCPv6: the keys of <see cref="OptionReader"/> that there is an option for.</summary>
internal static class Option6Reader
{
    public static OptionSet Read(ConfigNode node) => new OptionList(node, OptionDialect.V6)
        .Add("dns", (ushort)Dhcp6Option.NameServers, Dhcp6Format.Addresses(node.List("dns", ParseAddress)))
        .Add("domainSearch", (ushort)Dhcp6Option.SearchList, Dhcp6Format.Names(node.List("domainSearch", OptionReader.ParseName)))
        .Add("ntp", (ushort)Dhcp6Option.NtpServers, Dhcp6Format.NtpServers(node.List("ntp", ParseAddress)))
        .ToSet();

    public static (UInt128, string?) ParseAddress(string text) =>
        IPAddress.TryParse(text, out var address) && address is { AddressFamily: AddressFamily.InterNetworkV6, ScopeId: 0 }
            ? (Ipv6.ToNumber(address), null)
            : (0, "is not an IPv6 address");
}
