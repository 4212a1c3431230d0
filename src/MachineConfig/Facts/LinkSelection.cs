using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;

namespace Cozy.Fleet.MachineConfig.Facts;

/// <summary>The links that a config names: those that it makes itself are not on the node yet.</summary>
internal static class LinkSelection
{
    private static readonly string[] Made = ["bond", "bridge", "wireguard"];

    private static readonly string[] KindsThatMake =
        ["BondConfig", "BridgeConfig", "VLANConfig", "VRFConfig", "VethConfig", "DummyLinkConfig", "WireguardConfig", "LinkAliasConfig"];

    /// <param name="sparesUnknown">A link of which the node did not say enough may be the one.</param>
    public static IEnumerable<ConfigProblem> Problems(IReadOnlyList<ConfigLeaf> roots, NodeFacts facts, bool sparesUnknown)
    {
        var selection = new Selection("link", [.. facts.Links.Where(link => link.Physical).Select(Name)], sparesUnknown);
        var interfaces = roots.Where(root => root.Kind == "").SelectMany(main => main.List("machine", "network", "interfaces")).ToList();
        var names = MadeNames(roots, interfaces).Concat(facts.Links.Select(link => link.Name)).Concat(facts.OtherLinkNames).ToHashSet();
        var missing = Named(roots, interfaces).Where(name => !names.Contains(name.Text()));
        return interfaces.Select(link => link.Find("deviceSelector")).OfType<ConfigLeaf>()
            .Select(selector => selection.One(selector, Matching(selector, facts.Links)))
            .Concat(interfaces.SelectMany(link => link.List("bond", "deviceSelectors"))
                .Select(selector => selection.Some(selector, Matching(selector, facts.Links))))
            .Concat(sparesUnknown && facts.OtherLinkNames.Count == 0 ? [] : missing.Select(name => selection.One(name, [])))
            .OfType<ConfigProblem>();
    }

    private static string Name(LinkFacts link) => $"{link.Name} ({link.Mac}{(link.Driver == "" ? "" : ", ")}{link.Driver})";

    private static IEnumerable<(string, Match)> Matching(ConfigLeaf selector, IReadOnlyList<LinkFacts> links) =>
        links.Select(link => (Name(link), Selection.Of(selector, (field, wanted) => Matches(field, wanted, link))));

    private static Match Matches(string field, string wanted, LinkFacts link) => field switch
    {
        "hardwareAddr" => Fits(wanted.ToLowerInvariant(), link.Mac.ToLowerInvariant(), link),
        "permanentAddr" => Fits(wanted.ToLowerInvariant(), link.PermanentMac.ToLowerInvariant(), link),
        "busPath" => Fits(wanted, link.BusPath, link),
        "pciID" => Fits(wanted, link.PciId, link),
        "driver" => Fits(wanted, link.Driver, link),
        "physical" => Selection.Is(link.Physical == wanted is "true" or "yes" or "on"),
        _ => Match.Unknown,
    };

    // What is no card has none of these.
    private static Match Fits(string pattern, string text, LinkFacts link) =>
        text == "" && !link.Physical ? Match.No : Selection.Fits(pattern, text);

    // Every place that names a link that must be there.
    private static IEnumerable<ConfigLeaf> Named(IReadOnlyList<ConfigLeaf> roots, IReadOnlyList<ConfigLeaf> interfaces) =>
        interfaces.Select(link => link.Find("interface"))
            .Concat(interfaces.SelectMany(link => link.List("bond", "interfaces").Concat(link.List("bridge", "interfaces"))))
            .Concat(roots.Where(r => r.Kind is "LinkConfig" or "EthernetConfig" or "DHCPv4Config" or "DHCPv6Config")
                .Select(r => r.Find("name")))
            .Concat(roots.Where(r => r.Kind is "BondConfig" or "BridgeConfig" or "VRFConfig").SelectMany(r => r.List("links")))
            .Concat(roots.Where(r => r.Kind == "VLANConfig").Select(r => r.Find("parent")))
            .Concat(roots.Where(r => r.Kind is "Layer2VIPConfig" or "HCloudVIPConfig").Select(r => r.Find("link")))
            .OfType<ConfigLeaf>();

    private static IEnumerable<string> MadeNames(IReadOnlyList<ConfigLeaf> roots, IReadOnlyList<ConfigLeaf> interfaces) =>
        interfaces.Where(link => link.IsTrue("dummy") || Array.Exists(Made, kind => link.Find(kind) is not null))
            .Select(link => link.Text("interface"))
            .Concat(interfaces.SelectMany(link => link.List("vlans").Select(vlan => $"{link.Text("interface")}.{vlan.Text("vlanId")}")))
            .Concat(roots.Where(root => KindsThatMake.Contains(root.Kind)).Select(root => root.Text("name")))
            .Concat(roots.Where(root => root.Kind == "VethConfig").Select(root => root.Text("peer", "name")));
}
