using System.Net;
using System.Net.Sockets;
using System.Text;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Config;

/// <summary>
/// Reads the options that everybody, a class, a subnet or a reservation may have: the same keys in each of these maps.
/// </summary>
internal static class OptionReader
{
    // The time zones that there are (option 2 counts seconds east of UTC).
    private const int WestmostZone = -12 * 3600;
    private const int EastmostZone = 14 * 3600;

    public static OptionSet Read(ConfigNode node)
    {
        var found = new OptionList(node, OptionDialect.V4)
            .Add("router", DhcpOption.Routers, OptionFormat.Addresses(node.List("router", ParseAddress)))
            .Add("dns", DhcpOption.DnsServers, OptionFormat.Addresses(node.List("dns", ParseAddress)))
            .Add("ntp", DhcpOption.NtpServers, OptionFormat.Addresses(node.List("ntp", ParseAddress)))
            .Add("domain", DhcpOption.DomainName, Encoding.ASCII.GetBytes(Domain(node)))
            .Add("domainSearch", DhcpOption.DomainSearch, OptionFormat.Names(node.List("domainSearch", ParseName)));
        if (node.Has("mtu"))
            found.Add("mtu", DhcpOption.InterfaceMtu, OptionFormat.Number(node.Number("mtu", 1500, 68, 65535), 2));
        if (node.Has("timeOffset"))
            found.Add("timeOffset", DhcpOption.TimeOffset,
                OptionFormat.Number(node.Number("timeOffset", 0, WestmostZone, EastmostZone), 4));
        var routes = OptionFormat.Routes(node.List("routes", ParseRoute));
        return found.Add("routes", DhcpOption.ClasslessRoutes, routes).Add("routes", DhcpOption.MicrosoftClasslessRoutes, routes).ToSet();
    }

    /// <summary>The options of everybody and of classes, which stand side by side.</summary>
    public static OptionPolicy Policy<TAddress>(ConfigNode node, DhcpWords<TAddress> words) =>
        new(words.Options(node), [.. node.Maps("classes").Select(entry => Class(entry, words))]);

    public static (uint, string?) ParseAddress(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork
            ? (Ipv4.ToNumber(address), null)
            : (0, "is not an IPv4 address");

    public static (string Name, string? Refusal) ParseName(string text)
    {
        var name = text.TrimEnd('.');
        var good = name.Length is > 0 and <= 253 && name.Split('.').All(label => label.Length is > 0 and <= 63
            && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
        return good ? (name, null) : ("", "is not a domain name");
    }

    private static OptionClass Class<TAddress>(ConfigNode node, DhcpWords<TAddress> words)
    {
        if (!node.Has("vendorClass") && !node.Has("architecture") && !node.Has(words.Circuit))
            node.Refuse("vendorClass", $"a class needs a sign that its clients are known by: vendorClass, architecture or {words.Circuit}");
        int? architecture = node.Has("architecture") ? node.Number("architecture", 0, 0, 65535) : null;
        var found = new OptionClass(node.Text("vendorClass"), architecture,
            node.Bytes(words.Circuit, Hexadecimal.OfText), words.Options(node));
        node.EndOfKeys();
        return found;
    }

    private static string Domain(ConfigNode node)
    {
        var name = node.Text("domain");
        if (name == "" || ParseName(name).Refusal is not { } refusal)
            return name;
        node.Refuse("domain", $"'{name}' {refusal}");
        return "";
    }

    private static (StaticRoute, string?) ParseRoute(string text)
    {
        var parts = text.Split(" via ", StringSplitOptions.TrimEntries);
        var good = parts.Length == 2 && IPNetwork.TryParse(parts[0], out var to) && to.BaseAddress.AddressFamily == AddressFamily.InterNetwork
            && parts[0].StartsWith($"{to.BaseAddress}/", StringComparison.Ordinal) && ParseAddress(parts[1]) is (_, null);
        if (!good)
            return (new(0, 0, 0), "is not a route such as 10.9.0.0/16 via 10.1.0.254");
        var network = IPNetwork.Parse(parts[0]);
        return (new(Ipv4.ToNumber(network.BaseAddress), network.PrefixLength, ParseAddress(parts[1]).Item1), null);
    }
}
