namespace Cozy.Fleet.Talos;

/// <summary>The links of a node by what they are (talos.md 2.2: a card is of type ether and of no kind).</summary>
internal sealed class LinkReader(IReadOnlyList<CosiResource> links, IReadOnlyList<CosiResource> addresses)
{
    public IReadOnlyList<TalosLink> Cards => [.. links.Where(IsCard).Select(Card)];

    public IReadOnlyList<TalosBond> Bonds => [.. links.Where(IsBond).Select(Bond)];

    /// <summary>Names of all others, and second names of any.</summary>
    public IReadOnlyList<string> OtherNames =>
    [
        .. links.Where(link => !IsCard(link) && !IsBond(link)).Select(link => link.Id)
            .Concat(links.SelectMany(link => link.Texts("altNames").Append(link.Text("alias")))).Where(name => name != "").Distinct(),
    ];

    private static bool IsCard(CosiResource link) => link.Text("type") == "ether" && link.Text("kind") == "";

    private static bool IsBond(CosiResource link) => link.Text("kind") == "bond";

    // The members of a bond share its hardware address; the permanent one is what the firmware boots with.
    private TalosLink Card(CosiResource link)
    {
        var (own, now) = (link.Text("permanentAddr"), link.Text("hardwareAddr"));
        return new(link.Id, own == "" ? now : own, IsUp(link), (int)link.Number("speedMbit"), AddressesOf(link))
        {
            PermanentMac = own, CurrentMac = now, Driver = link.Text("driver"), BusPath = link.Text("busPath"), PciId = link.Text("pciID"),
        };
    }

    private TalosBond Bond(CosiResource bond) => new(
        bond.Id, bond.Text("hardwareAddr"), IsUp(bond), AddressesOf(bond), MembersOf(bond), bond.Text("bondMaster", "mode"))
    {
        LacpRate = bond.Text("bondMaster", "mode") == "802.3ad" ? bond.Text("bondMaster", "lacpRate") : "",
        TransmitHashPolicy = bond.Text("bondMaster", "xmitHashPolicy"),
        Miimon = (int)bond.Number("bondMaster", "miimon"),
        Updelay = (int)bond.Number("bondMaster", "updelay"),
        Downdelay = (int)bond.Number("bondMaster", "downdelay"),
    };

    private IReadOnlyList<string> MembersOf(CosiResource bond) => [.. links
        .Where(link => link.Number("masterIndex") is var master && master != 0 && master == bond.Number("index")).Select(link => link.Id)];

    private static bool IsUp(CosiResource link) => link.Text("operationalState") == "up";

    private IReadOnlyList<string> AddressesOf(CosiResource link) =>
        [.. addresses.Where(a => a.Text("linkName") == link.Id && a.Text("scope") == "global").Select(a => a.Text("address"))];
}
