using YamlDotNet.RepresentationModel;

namespace Cozy.Fleet.Talos.Tests;

public sealed class LinkReaderTests
{
    private static readonly CosiResource[] Links =
    [
        Resource("lo", "{index: 1, type: loopback, kind: ''}"),
        Resource("eno1", "{index: 2, type: ether, kind: '', masterIndex: 5, hardwareAddr: aa, permanentAddr: aa, altNames: [enp1s0]}"),
        Resource("eno2", "{index: 3, type: ether, kind: '', masterIndex: 5, hardwareAddr: aa, permanentAddr: bb, driver: ixgbe, alias: up}"),
        Resource("eno3", "{index: 4, type: ether, kind: '', hardwareAddr: cc}"),
        Resource("bond0", """
            {index: 5, type: ether, kind: bond, hardwareAddr: aa, operationalState: up, bondMaster:
              {mode: 802.3ad, xmitHashPolicy: layer3+4, lacpRate: fast, miimon: 100, updelay: 200, downdelay: 300}}
            """),
        Resource("bond0.7", "{index: 6, type: ether, kind: vlan, hardwareAddr: aa}"),
    ];

    private readonly LinkReader reader = new(
        Links, [Resource("bond0/10.0.0.9/24", "{linkName: bond0, scope: global, address: 10.0.0.9/24}")]);

    [Fact]
    public void A_card_has_the_address_that_its_firmware_boots_with_whatever_bond_it_is_in()
    {
        Assert.Equal(["eno1 aa aa aa", "eno2 bb bb aa", "eno3 cc  cc"],
            reader.Cards.Select(card => $"{card.Name} {card.Mac} {card.PermanentMac} {card.CurrentMac}"));
        Assert.Equal("ixgbe", reader.Cards[1].Driver);
    }

    [Fact]
    public void A_bond_tells_its_members_and_how_they_are_one()
    {
        var bond = Assert.Single(reader.Bonds);

        Assert.Equal(("bond0", "aa", true, "802.3ad"), (bond.Name, bond.Mac, bond.Up, bond.Mode));
        Assert.Equal(["eno1", "eno2"], bond.Members);
        Assert.Equal(["10.0.0.9/24"], bond.Addresses);
        Assert.Equal(("fast", "layer3+4", 100, 200, 300), (bond.LacpRate, bond.TransmitHashPolicy, bond.Miimon, bond.Updelay, bond.Downdelay));
    }

    [Fact]
    public void Every_other_name_of_a_link_is_known() => Assert.Equal(["lo", "bond0.7", "enp1s0", "up"], reader.OtherNames);

    private static CosiResource Resource(string id, string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return new(id, stream.Documents[0].RootNode);
    }
}
