using System.Net;
using Cozy.Fleet.MachineConfig.Documents;
using Cozy.Fleet.MachineConfig.Validation;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.MachineConfig;

/// <summary>The addresses that a config itself gives its node: where the node is found when it asks no DHCP server any more.</summary>
public static class StaticAddresses
{
    private static readonly string[] Documents = ["LinkConfig", "BondConfig", "BridgeConfig", "VLANConfig", "DummyLinkConfig"];

    /// <summary>
    /// In the order of the text, without the length of their networks. Virtual addresses are none of them: they are on another node the
    /// next moment. Nor are those of the link lo, which nobody else reaches.
    /// </summary>
    /// <exception cref="FormatException">The config is not YAML, or it is empty.</exception>
    public static EquatableArray<string> Of(string config)
    {
        var roots = ConfigPatch.Documents(config).ConvertAll(ConfigLeaf.Root);
        var fields = roots.Where(root => root.Kind == "").SelectMany(main => main.List("machine", "network", "interfaces"))
            .Where(link => link.Text("interface") != "lo")
            .SelectMany(link => OfFields(link).Concat(link.List("vlans").SelectMany(OfFields)));
        var documents = roots.Where(root => Documents.Contains(root.Kind) && root.Text("name") != "lo")
            .SelectMany(document => document.List("addresses").Select(entry => entry.Text("address")));
        return [.. fields.Concat(documents).Select(Bare).Where(address => address != "").Distinct()];
    }

    // `cidr` is the older field for a single one.
    private static IEnumerable<string> OfFields(ConfigLeaf link) =>
        link.List("addresses").Select(address => address.Text()).Append(link.Text("cidr"));

    private static string Bare(string prefix) => IPAddress.TryParse(prefix.Split('/')[0], out var address) ? address.ToString() : "";
}
