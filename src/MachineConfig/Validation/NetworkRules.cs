using System.Net;
using Cozy.Fleet.MachineConfig.Documents;
using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.MachineConfig.Validation;

/// <summary>What must be right in <c>machine.network</c>.</summary>
internal static class NetworkRules
{
    private static readonly string[] Delays = ["updelay", "downdelay"];

    private static readonly string[] Ends = ["gateway", "source"];

    public static IEnumerable<ConfigProblem> Problems(WholeConfig config, ConfigLeaf main)
    {
        var interfaces = main.List("machine", "network", "interfaces");
        return interfaces.SelectMany(link => Link(link).Concat(Bond(link)).Concat(Addresses(link)).Concat(Routes(link)))
            .Concat(interfaces.SelectMany(link => link.List("vlans")).SelectMany(vlan => Addresses(vlan).Concat(Routes(vlan))))
            .Concat(Members(interfaces))
            .Concat(config.IsControlPlane ? [] : SharedAddresses(interfaces));
    }

    private static IEnumerable<ConfigProblem> Link(ConfigLeaf link)
    {
        var (named, selector) = (link.Text("interface") != "", link.Find("deviceSelector"));
        if (named == (selector is not null))
            yield return link.Problem(named
                ? $"{link.Place} has interface and deviceSelector, and only one of them may be there."
                : $"{link.Place} has neither interface nor deviceSelector, and needs one of them.");
        if (selector is { Node: YamlMappingNode { Children.Count: 0 } })
            yield return selector.Problem($"{selector.Place} selects by nothing.");
        if (link.Find("bond") is not null && link.Find("bridge") is not null)
            yield return link.Problem($"{link.Place} is a bond and a bridge, and can be one of them.");
    }

    private static IEnumerable<ConfigProblem> Bond(ConfigLeaf link)
    {
        if (link.Find("bond") is not { } bond)
            yield break;
        var mode = bond.Text("mode");
        if (mode != "" && !BondSettings.Modes.Contains(mode))
            yield return bond.Find("mode")!.Problem($"{bond.Place}.mode is one of {string.Join(", ", BondSettings.Modes)}, not {mode}.");
        if (bond.List("interfaces").Length > 0 && bond.List("deviceSelectors").Length > 0)
            yield return bond.Problem($"{bond.Place} has interfaces and deviceSelectors, and only one of them may be there.");
        if (bond.Find("lacpRate") is { } rate && mode != "802.3ad")
            yield return rate.Problem($"{rate.Place} is for the mode 802.3ad only.");
        var miimon = bond.Number("miimon");
        foreach (var delay in Delays.Select(key => bond.Find(key)).OfType<ConfigLeaf>())
        {
            if (delay.Number() is > 0 and var wait && (miimon == 0 || wait % miimon != 0))
                yield return delay.Problem($"{delay.Place} is a multiple of miimon, which is {miimon}.");
        }
    }

    private static IEnumerable<ConfigProblem> Addresses(ConfigLeaf link)
    {
        foreach (var address in link.List("addresses").Where(a => !IPAddress.TryParse(a.Text(), out _) && !IPNetworkText.IsOne(a.Text())))
            yield return address.Problem($"{address.Place} is an address such as 10.0.0.5/24, not {address.Text()}.");
        if (link.Find("vip", "ip") is { } ip && !IPAddress.TryParse(ip.Text(), out _))
            yield return ip.Problem($"{ip.Place} is an address such as 10.0.0.10, not {ip.Text()}.");
    }

    private static IEnumerable<ConfigProblem> Routes(ConfigLeaf link)
    {
        foreach (var route in link.List("routes"))
        {
            if (route.Text("network") == "" && route.Text("gateway") == "")
                yield return route.Problem($"{route.Place} has neither network nor gateway, and needs one of them.");
            if (route.Find("network") is { } network && !IPNetworkText.IsOne(network.Text()))
                yield return network.Problem($"{network.Place} is a network such as 10.0.0.0/24, not {network.Text()}.");
            foreach (var address in Ends.Select(key => route.Find(key)).OfType<ConfigLeaf>())
            {
                if (address.Text() != "" && !IPAddress.TryParse(address.Text(), out _))
                    yield return address.Problem($"{address.Place} is an address such as 10.0.0.1, not {address.Text()}.");
            }
        }
    }

    // A link is a member of one bond or bridge, and has no addresses of its own then.
    private static IEnumerable<ConfigProblem> Members(ConfigLeaf[] interfaces)
    {
        var members = interfaces.SelectMany(link => link.List("bond", "interfaces").Concat(link.List("bridge", "interfaces"))).ToList();
        foreach (var again in members.GroupBy(m => m.Text()).SelectMany(group => group.Skip(1)))
            yield return again.Problem($"{again.Place}: {again.Text()} is a member of another bond or bridge already.");
        var names = members.Select(m => m.Text()).ToHashSet();
        foreach (var link in interfaces.Where(l => names.Contains(l.Text("interface"))))
        {
            if (link.IsTrue("dhcp") || link.List("addresses").Length > 0 || link.Find("vip") is not null)
                yield return link.Problem($"{link.Place} is a member of a bond or bridge, and has no addresses of its own then.");
        }
    }

    private static IEnumerable<ConfigProblem> SharedAddresses(ConfigLeaf[] interfaces) =>
        interfaces.Concat(interfaces.SelectMany(link => link.List("vlans"))).Select(link => link.Find("vip")).OfType<ConfigLeaf>()
            .Select(vip => vip.Problem($"{vip.Place} is for control planes only."));
}
