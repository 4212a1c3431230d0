using Cozy.Fleet.Agent.Boot;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Primitives;

namespace Cozy.Fleet.Agent.Tests.Boot;

public sealed class BootDecisionTests
{
    private const string Uuid1 = "11111111-2222-4333-8444-555555555555";
    private const string Uuid2 = "22222222-2222-4333-8444-555555555555";
    private const string Mac1 = "52:54:00:00:00:01";
    private const string Mac2 = "52:54:00:00:00:02";

    private static readonly DesiredState State = new()
    {
        Images = { new BootImage { Name = "talos" }, new BootImage { Name = "discovery" } },
        UnknownAction = BootAction.Netboot,
        UnknownImage = "discovery",
        Nodes =
        {
            new NodeBoot { Node = "one", Uuid = Uuid1, Macs = { Mac1.ToUpperInvariant() }, Action = BootAction.Netboot, Image = "talos", Reason = "install" },
            new NodeBoot { Node = "two", Uuid = Uuid2, Macs = { Mac2 }, Action = BootAction.Disk, Reason = "installed" },
            new NodeBoot { Node = "three", Uuid = "", Macs = { "52:54:00:00:00:03" }, Action = BootAction.Netboot, Image = "missing" },
            new NodeBoot { Node = "four", Uuid = "", Macs = { "52:54:00:00:00:04" } },
            new NodeBoot { Node = "five", Uuid = "55555555-2222-4333-8444-555555555555", Action = BootAction.Hold, Reason = "quarantined" },
        },
    };

    [Theory]
    [InlineData(Mac1, Uuid1, "Netboot talos: install")]
    [InlineData(Mac1, "", "Netboot talos: install")] // firmware without option 97
    [InlineData(Mac2, Uuid2, "Disk : installed")]
    [InlineData("52:54:00:00:00:99", "99999999-2222-4333-8444-555555555555", "Netboot discovery: unknown machine")]
    [InlineData("52:54:00:00:00:99", "", "Netboot discovery: unknown machine")]
    [InlineData("52:54:00:00:00:03", "", "Hold : image missing is not known here yet")]
    [InlineData("52:54:00:00:00:04", "", "Disk : ")] // nothing was decided
    [InlineData("52:54:00:00:00:99", "55555555-2222-4333-8444-555555555555", "Hold : quarantined")] // known by UUID, its MAC addresses not yet
    [InlineData(Mac1, Uuid2, "Hold : the MAC address is node one's, the UUID is node two's")]
    [InlineData("52:54:00:00:00:99", Uuid1, "Hold : the UUID is node one's, the MAC address 52:54:00:00:00:99 is not")] // one UUID on two boards
    [InlineData(Mac1, "99999999-2222-4333-8444-555555555555", "Hold : the MAC address is node one's, the UUID 99999999-2222-4333-8444-555555555555 is not")]
    public void A_machine_is_told(string mac, string uuid, string expected)
    {
        var known = MachineUuid.TryParse(uuid, out var parsed);

        var plan = BootDecision.For(State, MacAddress.Parse(mac), known ? parsed : null);

        Assert.Equal(expected, $"{plan.Action} {plan.Image?.Name}: {plan.Reason}");
    }

    [Fact]
    public void Before_the_coordinator_said_anything_it_is_the_disk() =>
        Assert.Equal(BootAction.Disk, BootDecision.For(null, MacAddress.Parse(Mac1), null).Action);

    [Fact]
    public void Unknown_machines_start_from_their_disk_unless_somebody_says_otherwise() =>
        Assert.Equal(BootAction.Disk, BootDecision.For(new(), MacAddress.Parse(Mac1), null).Action);
}
